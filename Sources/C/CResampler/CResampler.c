#include "CResampler.h"
