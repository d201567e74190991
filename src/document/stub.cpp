#include "document/json.h"
#include "document/node.h"
