/*
 * The interpreter that the sandbox registers for programs of other architectures: static, without a C library.
 *
 * The kernel starts it with flag P as: NAME PROGRAM ARGV0 ARGUMENT...
 * NAME is the path under which it was registered, and its last component says what to do:
 *
 *   refuse   the program's path is added to the file `refused` beside NAME, and the exit code is 126;
 *   MODEL    `emulator` beside NAME is executed, with MODEL as the CPU that it pretends to be. A registration can
 *            carry no arguments and the environment is not ours to change, so it takes this step between.
 */

typedef unsigned long word;
typedef long sword;

#if defined(__x86_64__)
enum { WRITE = 1, EXIT = 231, EXECVE = 59, OPENAT = 257 };
static sword call(sword number, word a, word b, word c, word d) {
  sword result;
  register word r10 __asm__("r10") = d;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10)
                   : "rcx", "r11", "memory");
  return result;
}
__asm__(".globl _start\n_start:\n  xor %ebp, %ebp\n  mov %rsp, %rdi\n  and $-16, %rsp\n  call start\n");
#elif defined(__aarch64__)
enum { WRITE = 64, EXIT = 94, EXECVE = 221, OPENAT = 56 };
static sword call(sword number, word a, word b, word c, word d) {
  register word x8 __asm__("x8") = (word)number;
  register word x0 __asm__("x0") = a;
  register word x1 __asm__("x1") = b;
  register word x2 __asm__("x2") = c;
  register word x3 __asm__("x3") = d;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
  return (sword)x0;
}
__asm__(".globl _start\n_start:\n  mov x29, #0\n  mov x0, sp\n  bl start\n");
#else
#error "xb does not know this architecture"
#endif

enum {
  LONGEST = 4096,
  CANNOT_EXECUTE = 126,
  AT_THE_WORKING_FOLDER = -100,
  WRITE_AND_APPEND = 02001,
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
 * The arguments lie on the stack behind their number, in the way in which execve takes them. In place of the two
 * before the program's own come `emulator -cpu MODEL -0 ARGV0 PROGRAM`: four more.
 */
static _Noreturn void emulate(word count, char **old) {
  char *name = old[0], *program = old[1], *argv0 = old[2];
  char *new[count + 4];
  const char *emulator = beside(name, "emulator");
  new[0] = (char *)emulator;
  new[1] = "-cpu";
  new[2] = name + folder(name);
  new[3] = "-0";
  new[4] = argv0;
  new[5] = program;
  for (word i = 3; i <= count; i++) {
    new[i + 3] = old[i];
  }
  call(EXECVE, (word)emulator, (word) new, (word)(old + count + 1), 0);
  say(2, "xb: cannot execute the emulator\n");
  leave(CANNOT_EXECUTE);
}

__attribute__((used)) static _Noreturn void start(word *stack) {
  word count = stack[0];
  char **arguments = (char **)(stack + 1);
  if (count < 3) {
    leave(CANNOT_EXECUTE);
  }
  if (equal(arguments[0] + folder(arguments[0]), "refuse")) {
    refuse(arguments[0], arguments[1]);
  }
  emulate(count, arguments);
}
