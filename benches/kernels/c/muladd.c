/* 10^8 products and their sum without checks. */
#include <stdio.h>
#include <stdlib.h>
static long long *numbers(int count, long long x) {
  long long *xs = malloc(count * sizeof *xs);
  for (int i = 0; i < count; i++) {
    x = x * 16807 % 2147483647;
    xs[i] = x / 65536;
  }
  return xs;
}
static __attribute__((noinline)) long long product(const long long *xs, const long long *ys, long long count, long long rounds) {
  long long s = 0;
  for (long long r = 0; r < rounds; r++)
    for (long long i = 0; i < count; i++) s = s + xs[i] * ys[i];
  return s;
}
int main(void) {
  printf("%lld\n", product(numbers(1000, 42), numbers(1000, 43), 1000, 100000));
  return 0;
}
