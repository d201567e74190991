#include "model/naming.h"
#include "model/world.h"
