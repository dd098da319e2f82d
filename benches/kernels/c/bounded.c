/* 3 * 10^8 additions. */
#include <stdio.h>
static __attribute__((noinline)) long long walk(long long n) {
  long long s = 0;
  for (long long i = 0; i < n; i++)
    for (long long j = 0; j < n; j++) {
      s = s + i + j;
      if (s > 1000000) s = s - 1000000;
    }
  return s;
}
int main(void) {
  printf("%lld\n", walk(10000));
  return 0;
}
