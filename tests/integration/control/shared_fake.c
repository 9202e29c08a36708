/* One source, two programs. */
#include "tests/unit/control/fake_js.c"
