#include "engine/docker.h"
#include "engine/memory.h"
