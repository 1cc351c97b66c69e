#ifndef SWH_CLINUX_H
#define SWH_CLINUX_H
#endif
