/* One source, two programs. */
#include "tests/integration/store/store_test.c"
