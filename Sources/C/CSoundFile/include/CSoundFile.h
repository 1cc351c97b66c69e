#ifndef SWH_CSOUNDFILE_H
#define SWH_CSOUNDFILE_H
#endif
