#ifndef SWH_CSOFIASIP_H
#define SWH_CSOFIASIP_H
#endif
