/* Tries what the first argument names, and prints how it went: `ok`, or the name of the error. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
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

static int bomb(void) {
  for (int failed = 0; failed < 100000;) if (fork() < 0) failed++;
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
  TRY("bomb", bomb());
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
