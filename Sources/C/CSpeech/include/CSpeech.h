#ifndef SWH_CSPEECH_H
#define SWH_CSPEECH_H
#endif
