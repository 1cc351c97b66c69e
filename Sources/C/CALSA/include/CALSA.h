#ifndef SWH_CALSA_H
#define SWH_CALSA_H
#endif
