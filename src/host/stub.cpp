#include "exec/run.h"
