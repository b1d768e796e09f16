/*
 * The interpreter that the sandbox registers for programs of other architectures: static, without a C library.
 *
 * The kernel starts it with flag P as: NAME PROGRAM ARGV0 ARGUMENT...
 * NAME is the path under which it was registered, and its last component says what to do:
 *
 *   refuse   the program's path is added to the file `refused` beside NAME, and the exit code is 126;
 *   MODEL    `emulator` beside NAME is executed, with MODEL as the CPU that it pretends to be. A registration can
 *            carry no arguments and the environment is not ours to change, so it takes this step between;
 *   MODEL@N  the same, on N of the CPUs that may be used.
 *
 * Where nothing can be registered, the sandbox's first process starts it with the same arguments and with SEAL in a
 * register, which the kernel clears and nobody else can set. With SEALED defined it does nothing without: such a copy
 * has the rights of the program that it is started for.
 */

typedef unsigned long word;
typedef long sword;

#if defined(__x86_64__)
enum {
  WRITE = 1, CLOSE = 3, EXIT = 231, EXECVE = 59, OPENAT = 257, SET_CPUS = 203, GET_CPUS = 204, GET_CPU = 309,
  CAPGET = 125, CAPSET = 126, PRCTL = 157, GETEUID = 107,
};
static sword call(sword number, word a, word b, word c, word d) {
  sword result;
  register word r10 __asm__("r10") = d;
  register word r8 __asm__("r8") = 0;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
                   : "rcx", "r11", "memory");
  return result;
}
__asm__(".globl _start\n_start:\n  xor %ebp, %ebp\n  mov %rsp, %rdi\n  mov %rbx, %rsi\n  and $-16, %rsp\n  call start\n");
#elif defined(__aarch64__)
enum {
  WRITE = 64, CLOSE = 57, EXIT = 94, EXECVE = 221, OPENAT = 56, SET_CPUS = 122, GET_CPUS = 123, GET_CPU = 168,
  CAPGET = 90, CAPSET = 91, PRCTL = 167, GETEUID = 175,
};
static sword call(sword number, word a, word b, word c, word d) {
  register word x8 __asm__("x8") = (word)number;
  register word x0 __asm__("x0") = a;
  register word x1 __asm__("x1") = b;
  register word x2 __asm__("x2") = c;
  register word x3 __asm__("x3") = d;
  register word x4 __asm__("x4") = 0;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory");
  return (sword)x0;
}
__asm__(".globl _start\n_start:\n  mov x29, #0\n  mov x0, sp\n  mov x1, x19\n  bl start\n");
#else
#error "xb does not know this architecture"
#endif

enum {
  LONGEST = 4096,
  MOST_CPUS = 8192,
  CANNOT_EXECUTE = 126,
  SEAL = 0x5842,
  AT_THE_WORKING_FOLDER = -100,
  WRITE_AND_APPEND = 02001,
  OPEN_FILE = 2,
  CAPABILITIES_VERSION_3 = 0x20080522,
  AMBIENT = 47,
  RAISE = 2,
};

static word length(const char *text) {
  word count = 0;
  while (text[count] != 0) {
    count++;
  }
  return count;
}

static int equal(const char *a, const char *b) {
  while (*a != 0 && *a == *b) {
    a++;
    b++;
  }
  return *a == *b;
}

static void say(word to, const char *text) { call(WRITE, to, (word)text, length(text), 0); }

static _Noreturn void leave(int code) {
  for (;;) {
    call(EXIT, (word)code, 0, 0, 0);
  }
}

/* Where the last component of a path begins. */
static word folder(const char *path) {
  word start = 0;
  for (word i = 0; path[i] != 0; i++) {
    if (path[i] == '/') {
      start = i + 1;
    }
  }
  return start;
}

/* The path of another file in the folder of this program. */
static const char *beside(const char *name, const char *other) {
  static char path[LONGEST];
  word end = folder(name), size = length(other);
  if (end + size >= LONGEST) {
    leave(CANNOT_EXECUTE);
  }
  for (word i = 0; i < end; i++) {
    path[i] = name[i];
  }
  for (word i = 0; i <= size; i++) {
    path[end + i] = other[i];
  }
  return path;
}

/* One write per program, so that the lines of two at one time do not mix. */
static _Noreturn void refuse(const char *name, const char *program) {
  static char line[LONGEST + 1];
  word size = length(program);
  size = size < LONGEST ? size : LONGEST;
  for (word i = 0; i < size; i++) {
    line[i] = program[i];
  }
  line[size] = '\n';
  sword file = call(OPENAT, (word)AT_THE_WORKING_FOLDER, (word)beside(name, "refused"), WRITE_AND_APPEND, 0);
  if (file >= 0) {
    call(WRITE, (word)file, (word)line, size + 1, 0);
  }
  say(2, "xb: ");
  say(2, program);
  say(2, ": this program is for another architecture, and no emulator is part of this sandbox\n");
  leave(CANNOT_EXECUTE);
}

/*
 * Leaves some of the CPUs that may be used, from the one that this runs on and around: as many programs as there are
 * spread as they would without. Those that were left to a program are left to what it starts.
 */
static void confine(word most) {
  static unsigned char may[MOST_CPUS / 8];
  unsigned int here = 0;
  sword size = call(GET_CPUS, 0, sizeof may, (word)may, 0);
  if (size <= 0 || call(GET_CPU, (word)&here, 0, 0, 0) < 0) {
    return;
  }
  word all = (word)size * 8, left = 0;
  for (word i = 0; i < all; i++) {
    word cpu = (here + i) % all;
    unsigned char bit = (unsigned char)(1U << cpu % 8);
    if (may[cpu / 8] & bit && left++ >= most) {
      may[cpu / 8] &= (unsigned char)~bit;
    }
  }
  call(SET_CPUS, 0, (word)size, (word)may, 0);
}

/* What the last component of a path says of the CPU: its model, and how many of them there are, or zero. */
static const char *model(const char *path, word *most) {
  static char model[LONGEST];
  const char *name = path + folder(path);
  word end = 0;
  for (; name[end] != 0 && name[end] != '@' && end < LONGEST - 1; end++) {
    model[end] = name[end];
  }
  for (*most = 0; name[end] != 0; end++) {
    *most = name[end] == '@' ? 0 : *most * 10 + (word)(name[end] - '0');
  }
  return model;
}

/* Closes the program that the kernel has opened for us: the emulator opens it by its path. */
static void close_program(word *auxiliary) {
  for (; auxiliary[0] != 0; auxiliary += 2) {
    if (auxiliary[0] == OPEN_FILE) {
      call(CLOSE, auxiliary[1], 0, 0, 0);
    }
  }
}

/* The path of a program, as one that the emulator takes for no option. */
static const char *no_option(const char *program) {
  static char path[LONGEST + 2] = "./";
  word size = length(program);
  if (program[0] != '-' || size >= LONGEST) {
    return program;
  }
  for (word i = 0; i <= size; i++) {
    path[i + 2] = program[i];
  }
  return path;
}

/* What the program's file gives to a user who is not root would be lost by executing the emulator. */
static void keep_capabilities(void) {
  unsigned int header[2] = {CAPABILITIES_VERSION_3, 0};
  struct {
    unsigned int effective, permitted, inheritable;
  } sets[2];
  if (call(GETEUID, 0, 0, 0, 0) == 0 || call(CAPGET, (word)header, (word)sets, 0, 0) < 0) {
    return;
  }
  if ((sets[0].permitted | sets[1].permitted) == 0) {
    return;
  }
  for (int i = 0; i < 2; i++) {
    sets[i].inheritable |= sets[i].permitted;
  }
  call(CAPSET, (word)header, (word)sets, 0, 0);
  for (word one = 0; one < 64; one++) {
    if (sets[one / 32].permitted & 1U << one % 32) {
      call(PRCTL, AMBIENT, RAISE, one, 0);
    }
  }
}

/*
 * The arguments lie on the stack behind their number, in the way in which execve takes them. In place of the two
 * before the program's own come `emulator -cpu MODEL -0 ARGV0 PROGRAM`: four more.
 */
static _Noreturn void emulate(word count, char **old) {
  char *name = old[0], *program = old[1], *argv0 = old[2];
  char *new[count + 4];
  const char *emulator = beside(name, "emulator");
  word most;
  new[0] = (char *)emulator;
  new[1] = "-cpu";
  new[2] = (char *)model(name, &most);
  new[3] = "-0";
  new[4] = argv0;
  new[5] = (char *)no_option(program);
  for (word i = 3; i <= count; i++) {
    new[i + 3] = old[i];
  }
  if (most > 0) {
    confine(most);
  }
  char **environment = old + count + 1, **end = environment;
  while (*end != 0) {
    end++;
  }
  close_program((word *)(end + 1));
  keep_capabilities();
  call(EXECVE, (word)emulator, (word) new, (word)environment, 0);
  say(2, "xb: cannot execute the emulator\n");
  leave(CANNOT_EXECUTE);
}

#if defined(SEALED)
enum { IS_SEALED = 1 };
#else
enum { IS_SEALED = 0 };
#endif

__attribute__((used)) static _Noreturn void start(word *stack, word seal) {
  word count = stack[0];
  char **arguments = (char **)(stack + 1);
  if (count < 3 || (IS_SEALED && seal != SEAL)) {
    leave(CANNOT_EXECUTE);
  }
  if (equal(arguments[0] + folder(arguments[0]), "refuse")) {
    refuse(arguments[0], arguments[1]);
  }
  emulate(count, arguments);
}
