/* Tries what the first argument names, and prints how it went: `ok`, or the name of the error. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>
#include <signal.h>

static int tcp(int port, int listening) {
  int s = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (!listening) return connect(s, (void *)&a, sizeof a);
  if (bind(s, (void *)&a, sizeof a) || listen(s, 1)) return -1;
  return tcp(port, 0);
}

static int outside(void) {
  int s = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(53)};
  a.sin_addr.s_addr = htonl(0x01010101);
  return connect(s, (void *)&a, sizeof a);
}

static int eat(size_t megabytes) {
  for (size_t i = 0; i < megabytes; i++) {
    char *p = mmap(0, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) return -1;
    memset(p, 1, 1 << 20);
    if (i % 10 == 0) usleep(1000);
  }
  return 0;
}

/* Fills memory that is mapped nowhere, little by little, and keeps it. */
static int memfd(size_t megabytes) {
  static char some[1 << 20];
  int file = memfd_create("held", 0);
  for (size_t i = 0; i < megabytes; i++) {
    if (write(file, some, sizeof some) != sizeof some) return -1;
    if (i % 10 == 0) usleep(1000);
  }
  return file;
}

/* Fills such memory and maps it twice: it is there once. */
static int mapped(size_t megabytes) {
  int file = memfd(megabytes);
  for (int i = 0; i < 2; i++) {
    char *p = mmap(0, megabytes << 20, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (p == MAP_FAILED) return -1;
    memset(p, i, megabytes << 20);
  }
  return 0;
}

/* Fills segments of which only one is mapped at a time. */
static int segments(size_t megabytes) {
  for (size_t i = 0; i < megabytes; i += 10) {
    char *p = shmat(shmget(IPC_PRIVATE, 10 << 20, IPC_CREAT | 0600), 0, 0);
    if (p == (void *)-1) return -1;
    memset(p, 1, 10 << 20);
    if (shmdt(p)) return -1;
  }
  return 0;
}

static size_t wanted;

/* In a thread whose descriptors no other one has. */
static void *memfd_aside(void *unused) {
  if (unshare(CLONE_FILES) || memfd(wanted) < 0) exit(1);
  sleep(15);
  exit(0);
}

/* In a process whose first thread has ended. */
static void *eat_aside(void *unused) {
  usleep(100000);
  if (eat(wanted)) exit(1);
  sleep(15);
  exit(0);
}

static int aside(void *(*what)(void *), size_t megabytes) {
  pthread_t thread;
  wanted = megabytes;
  return pthread_create(&thread, 0, what, 0);
}

static void *wait_here(void *unused) {
  pause();
  return 0;
}

static int threads(int n) {
  pthread_t thread;
  for (int i = 0; i < n; i++) if (pthread_create(&thread, 0, wait_here, 0)) return -1;
  return 0;
}

/* Says so of each process that comes to be. */
static int bomb(int patience) {
  for (int failed = 0; failed < patience;) {
    int pid = fork();
    if (pid == 0) write(1, ".", 1);
    if (pid < 0) failed++;
  }
  pause();
  return 0;
}

/* Gives a file the mode that it has. */
static int chmod_same(const char *file) {
  struct stat s;
  return stat(file, &s) ? -1 : chmod(file, s.st_mode & 07777);
}

static int fchmod_same(int fd) {
  struct stat s;
  return fstat(fd, &s) ? -1 : fchmod(fd, s.st_mode & 07777);
}

static long i386(void) {
#ifdef __x86_64__
  long result;
  __asm__ volatile("int $0x80" : "=a"(result) : "a"(20) : "memory");
  if (result < 0) { errno = -result; return -1; }
  return 0;
#else
  errno = ENOSYS; return -1;
#endif
}

static int attempt(const char *what, int n) {
#define TRY(name, expression) if (!strcmp(what, name)) return (int)(expression)
  TRY("connect", tcp(n, 0));
  TRY("loopback", tcp(n, 1));
  TRY("outside", outside());
  TRY("kill", kill(n, SIGTERM));
  TRY("attach", ptrace(PTRACE_ATTACH, n, 0, 0));
  TRY("mount", mount("none", "/tmp", "tmpfs", 0, 0));
  TRY("umount", umount2("/proc/sys", MNT_DETACH));
  TRY("fsopen", syscall(SYS_fsopen, "tmpfs", 0));
  TRY("unshare-user", unshare(CLONE_NEWUSER));
  TRY("unshare-mount", unshare(CLONE_NEWNS));
  TRY("clone-user", syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0));
  TRY("chroot", chroot("/tmp"));
  TRY("sethostname", sethostname("x", 1));
  TRY("mknod", mknod("/tmp/device", S_IFBLK | 0600, makedev(8, 0)));
  TRY("mkfifo", mknod("/tmp/fifo", S_IFIFO | 0600, 0));
  TRY("chown", chown("/tmp", 1234, 5678));
  TRY("fchownat", fchownat(AT_FDCWD, "/tmp", 33, 33, AT_SYMLINK_NOFOLLOW));
  TRY("setgroups", syscall(SYS_setgroups, 0, 0));
  TRY("keyctl", syscall(SYS_keyctl, 0, -3, 1));
  TRY("bpf", syscall(SYS_bpf, 0, 0, 0));
  TRY("perf", syscall(SYS_perf_event_open, 0, 0, -1, -1, 0));
  TRY("userfaultfd", syscall(SYS_userfaultfd, 0));
  TRY("io_uring", syscall(SYS_io_uring_setup, 1, 0));
  TRY("vsock", socket(40, SOCK_STREAM, 0));
  TRY("packet", socket(AF_PACKET, SOCK_RAW, 0));
  TRY("netlink-route", socket(AF_NETLINK, SOCK_RAW, 0));
  TRY("netlink-audit", socket(AF_NETLINK, SOCK_RAW, 9));
  TRY("unix", socket(AF_UNIX, SOCK_STREAM, 0));
  TRY("ping", socket(AF_INET, SOCK_RAW, 1));
  TRY("terminal", open("/dev/tty", O_RDWR));
  TRY("sti", ioctl(1, TIOCSTI, "x"));
  TRY("i386", i386());
  TRY("x32", syscall(0x40000000 | 39));
  TRY("setuid", setuid(n));
  TRY("eat", eat(n));
  TRY("hold", eat(n) || sleep(10));
  TRY("memfd", memfd(n) < 0 || sleep(15));
  TRY("hidden-memfd", prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) || memfd(n) < 0 || sleep(15));
  TRY("memfd-aside", aside(memfd_aside, n) || sleep(20));
  TRY("eat-aside", aside(eat_aside, n) || (pthread_exit(0), 0));
  TRY("mapped", mapped(n) || sleep(2));
  TRY("segments", segments(n) || sleep(15));
  TRY("threads", threads(n) || sleep(10));
  TRY("bomb", bomb(n));
  TRY("write", write(open(getenv("file"), O_WRONLY | O_APPEND), "1", 1) < 0 ? -1 : 0);
  TRY("read", read(open(getenv("file"), O_RDONLY), (char[1]){0}, 1) < 0 ? -1 : 0);
  TRY("overwrite", open(getenv("file"), O_WRONLY));
  TRY("chmod", chmod_same(getenv("file")));
  TRY("fchmod", fchmod_same(n));
  TRY("touch", utimensat(AT_FDCWD, getenv("file"), 0, 0));
  TRY("pty", open("/dev/ptmx", O_RDWR));
  TRY("shm", shm_open("/xb", O_CREAT | O_RDWR, 0600));
  errno = EINVAL;
  return -1;
}

int main(int argc, char **argv) {
  int done = attempt(argv[1], argc > 2 ? atoi(argv[2]) : 0);
  puts(done < 0 ? strerrorname_np(errno) : "ok");
  return 0;
}
