#ifndef SWH_CSRTP_H
#define SWH_CSRTP_H
#endif
