#ifndef SWH_CRESAMPLER_H
#define SWH_CRESAMPLER_H
#endif
