#include "plan/action.h"
