/* 10^8 additions without checks. */
#include <stdio.h>
#include <stdlib.h>
static long long *numbers(int count) {
  long long *xs = malloc(count * sizeof *xs), x = 42;
  for (int i = 0; i < count; i++) xs[i] = x = x * 16807 % 2147483647;
  return xs;
}
static __attribute__((noinline)) long long sum(const long long *xs, long long count, long long rounds) {
  long long s = 0;
  for (long long r = 0; r < rounds; r++)
    for (long long i = 0; i < count; i++) s = s + xs[i];
  return s;
}
int main(void) {
  printf("%lld\n", sum(numbers(1000), 1000, 100000));
  return 0;
}
