/* Who a process is, what it may do, and what it was told. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/socket.h>
#include <sys/xattr.h>
#include <unistd.h>

/* Binds a port that only the privileged may have. */
static int binds(void) {
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(80)};
  return bind(socket(AF_INET, SOCK_STREAM, 0), (void *)&a, sizeof a) == 0;
}

/* As `setcap cap_net_bind_service+ep FILE`. */
static int give(const char *file) {
  unsigned int value[5] = {0x02000001, 1 << 10};
  return setxattr(file, "security.capability", value, sizeof value, 0);
}

/* Becomes somebody without rights, and executes. */
static int nobody(char **command) {
  gid_t groups[] = {7};
  if (setgroups(1, groups) || setgid(65534) || setuid(65534)) perror("nobody");
  else execvp(command[0], command);
  return 126;
}

int main(int count, char **arguments) {
  if (count > 2 && strcmp(arguments[1], "nobody") == 0) return nobody(arguments + 2);
  if (count > 2 && strcmp(arguments[1], "give") == 0) return give(arguments[2]) != 0;
  printf("%d %d secure=%lu binds=%d\n", getuid(), geteuid(), getauxval(AT_SECURE), binds());
}
