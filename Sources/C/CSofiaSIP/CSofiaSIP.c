#include "CSofiaSIP.h"
