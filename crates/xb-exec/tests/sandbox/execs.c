/* Executes a program in one of the ways that there are: HOW PROGRAM ARGUMENT... */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
static char **command;

static int at(int folder, const char *path, char **arguments, int flags) {
  return syscall(SYS_execveat, folder, path, arguments, environ, flags);
}

static const char *error(void) { return strerrorname_np(errno); }

static void by_descriptor(int file) {
  char path[64];
  snprintf(path, sizeof path, "/proc/self/fd/%d", file);
  execve(path, command, environ);
}

static int copied(int to) {
  int from = open(command[0], O_RDONLY);
  struct stat stat;
  fstat(from, &stat);
  sendfile(to, from, NULL, stat.st_size);
  close(from);
  return to;
}

static int descriptors(void) {
  int count = 0;
  DIR *folder = opendir("/proc/self/fd");
  while (readdir(folder)) count++;
  closedir(folder);
  return count;
}

static int code(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }

static void quiet(void) { dup2(open("/dev/null", O_WRONLY), 1); }

static void *in_thread(void *unused) {
  execve(command[0], command, environ);
  return NULL;
}

static int in_clone(void *unused) {
  execve(command[0], command, environ);
  _exit(9);
}

static void nothing(int signal) {}

/* Children that execute while they get signals, are stopped and go on: how many gave 7. */
static int disturbed(int count, int stop) {
  int right = 0;
  for (int i = 0; i < count; i++) {
    struct sigaction action = {.sa_handler = nothing, .sa_flags = SA_RESTART};
    sigaction(SIGWINCH, &action, NULL);
    pid_t child = fork();
    if (child == 0) {
      quiet();
      execve(command[0], command, environ);
      _exit(errno);
    }
    int status;
    while (waitpid(child, &status, WNOHANG) == 0) {
      kill(child, SIGWINCH);
      if (stop) kill(child, SIGSTOP), kill(child, SIGCONT);
      usleep(20);
    }
    right += code(status) == 7;
  }
  return right;
}

static volatile char *flipped;

static void *flip(void *other) {
  for (;;) {
    memcpy((char *)flipped, other, 2), sched_yield();
    memcpy((char *)flipped, "./", 2), sched_yield();
    flipped[strlen("./foreign")] = 'x', sched_yield();
    flipped[strlen("./foreign")] = 0, sched_yield();
  }
}

/* Children that share memory with somebody who changes the path: each ends in a way of its own, and all end. */
static int raced(int count) {
  char *path = calloc(1, 64);
  strcpy(path, command[0]);
  flipped = path;
  pthread_t thread;
  pthread_create(&thread, NULL, flip, "b/");
  int ended = 0;
  for (int i = 0; i < count; i++) {
    pid_t child = vfork();
    if (child == 0) {
      int null = open("/dev/null", O_WRONLY);
      dup2(null, 1), dup2(null, 2);
      execve(path, command, environ);
      _exit(3);
    }
    int status;
    ended += waitpid(child, &status, 0) == child;
  }
  return ended;
}

/* Threads that execute at once: one of them wins. */
static int crowd(int count) {
  int right = 0;
  for (int i = 0; i < count; i++) {
    pid_t child = fork();
    if (child == 0) {
      quiet();
      pthread_t threads[8];
      for (int j = 0; j < 8; j++) pthread_create(threads + j, NULL, in_thread, NULL);
      pause();
    }
    int status;
    waitpid(child, &status, 0);
    right += code(status) == 7;
  }
  return right;
}

static int together(int count) {
  int right = 0;
  for (int i = 0; i < count; i++) {
    if (fork() == 0) {
      quiet();
      execve(command[0], command, environ);
      _exit(9);
    }
  }
  for (int status; wait(&status) > 0;) right += code(status) == 7;
  return right;
}

int main(int number, char **arguments) {
  const char *how = arguments[1];
  char folder[256], name[256];
  command = arguments + 2;
  setvbuf(stdout, NULL, _IONBF, 0);
  snprintf(folder, sizeof folder, "%s", command[0]);
  snprintf(name, sizeof name, "%s", basename(folder));
  snprintf(folder, sizeof folder, "%s", dirname(strdup(command[0])));
#define IS(word) (strcmp(how, word) == 0)
  if (IS("plain")) execve(command[0], command, environ);
  else if (IS("at")) at(open(folder, O_PATH | O_CLOEXEC), name, command, 0);
  else if (IS("at-nofollow")) at(AT_FDCWD, command[0], command, AT_SYMLINK_NOFOLLOW);
  else if (IS("empty")) at(open(command[0], O_RDONLY | O_CLOEXEC), "", command, AT_EMPTY_PATH);
  else if (IS("empty-path")) at(open(command[0], O_PATH | O_CLOEXEC), "", command, AT_EMPTY_PATH);
  else if (IS("descriptor")) by_descriptor(open(command[0], O_RDONLY));
  else if (IS("memory")) by_descriptor(copied(memfd_create("x", MFD_CLOEXEC)));
  else if (IS("deleted")) {
    int to = copied(open("deleted", O_CREAT | O_WRONLY, 0755));
    close(to);
    int file = open("deleted", O_RDONLY | O_CLOEXEC);
    unlink("deleted");
    by_descriptor(file);
  } else if (IS("vfork")) {
    int status = 0;
    if (vfork() == 0) {
      execve(command[0], command, environ);
      _exit(9);
    }
    wait(&status);
    return code(status);
  } else if (IS("spawn")) {
    int status = 0;
    posix_spawn(NULL, command[0], NULL, NULL, command, environ);
    wait(&status);
    return code(status);
  } else if (IS("clone")) {
    int status = 0;
    char *stack = malloc(65536);
    clone(in_clone, stack + 65536, CLONE_VM | CLONE_VFORK | SIGCHLD, NULL);
    wait(&status);
    return code(status);
  } else if (IS("thread")) {
    pthread_t thread;
    pthread_create(&thread, NULL, in_thread, NULL);
    pthread_join(thread, NULL);
  } else if (IS("busy")) {
    open(command[0], O_WRONLY | O_APPEND);
    execve(command[0], command, environ);
  } else if (IS("none")) {
    char *none[] = {NULL};
    execve(command[0], none, environ);
  } else if (IS("null")) execve(NULL, command, environ);
  else if (IS("long")) {
    int before = descriptors();
    char *word = malloc(1 << 20), *many[] = {command[0], word, NULL};
    memset(word, 'x', 1 << 20), word[(1 << 20) - 1] = 0;
    execve(command[0], many, environ);
    printf("%s, %d left open\n", error(), descriptors() - before);
    execve(command[0], command, environ);
  } else if (IS("much")) {
    char **many = calloc(100002, sizeof *many);
    many[0] = command[0];
    for (int i = 1; i <= 100000; i++) many[i] = "x";
    execve(command[0], many, environ);
  } else if (IS("traced")) {
    ptrace(PTRACE_TRACEME, 0, 0, 0);
    execve(command[0], command, environ);
  } else if (IS("signals")) return printf("%d\n", disturbed(40, 0)), 0;
  else if (IS("stops")) return printf("%d\n", disturbed(40, 1)), 0;
  else if (IS("race")) return printf("%d\n", raced(400)), 0;
  else if (IS("crowd")) return printf("%d\n", crowd(20)), 0;
  else if (IS("together")) return printf("%d\n", together(60)), 0;
  else return puts("?"), 2;
  puts(error());
  return 1;
}
