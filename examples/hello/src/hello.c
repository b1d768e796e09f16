#include <stdio.h>

#if defined(__x86_64__)
#define ARCH "amd64"
#elif defined(__aarch64__)
#define ARCH "arm64"
#else
#define ARCH "an unknown architecture"
#endif

int main(void) {
  printf("Hello from %s!\n", ARCH);
  return 0;
}
