#ifndef SWH_COPUS_H
#define SWH_COPUS_H
#endif
