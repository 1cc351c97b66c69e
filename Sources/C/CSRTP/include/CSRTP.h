#ifndef SWH_CSRTP_H
#define SWH_CSRTP_H

#include <stddef.h>
#include <stdint.h>

/* libsrtp2 behind plain values: its policy structs, macros and header stay out of Swift. One session protects or
   unprotects one direction of one leg. */

/* Promise to Swift's real-time check: no allocation, no lock. For this library it is not literally true: Debian builds
   it on NSS, whose HMAC and AES contexts are allocated and locked per packet (5 to 14 allocations, 0.7 to 2.2 µs a
   packet: design §7). Each is short and bounded; the price is counted apart. */
#define SWH_RT_LIBSRTP __attribute__((swift_attr("@_noLocks"), swift_attr("@_noAllocation")))

enum { SWH_SRTP_AEAD_AES_128_GCM = 0, SWH_SRTP_AES_CM_128_SHA1_80 = 1, SWH_SRTP_AES_CM_128_SHA1_32 = 2 };

/* Negative results of the packet calls (other negative values: -1 - libsrtp's own status). */
enum { SWH_SRTP_AUTHENTICATION = -8, SWH_SRTP_REPLAYED = -10, SWH_SRTP_TOO_OLD = -11, SWH_SRTP_BAD_SIZE = -100,
       SWH_SRTP_TOO_MANY_SOURCES = -101 };

/* Bytes that protecting can add: 16 of tag and, on RTCP, 4 of index; libsrtp asks for more room than it uses. */
#define SWH_SRTP_MAXIMUM_TRAILER 148

typedef struct swh_srtp swh_srtp;

/* Once per process, before anything else. 0 or a libsrtp status. */
int32_t swh_srtp_init(void);

/* `key`: master key and salt, 28 bytes for GCM, 30 otherwise. `inbound`: 1 unprotects, 0 protects. Null when libsrtp
   refuses or there is no memory. */
swh_srtp *_Nullable swh_srtp_new(int32_t suite, int32_t inbound, const uint8_t *_Nonnull key, size_t key_count);
void swh_srtp_free(swh_srtp *_Nonnull session);

/* In place on `count` bytes of a buffer of `capacity`; the new length, or negative. Nothing is sent or played of a
   packet that gave a negative result. */
SWH_RT_LIBSRTP int32_t swh_srtp_protect(swh_srtp *_Nonnull session, uint8_t *_Nonnull packet, int32_t count,
                                        int32_t capacity);
SWH_RT_LIBSRTP int32_t swh_srtp_protect_rtcp(swh_srtp *_Nonnull session, uint8_t *_Nonnull packet, int32_t count,
                                             int32_t capacity);
SWH_RT_LIBSRTP int32_t swh_srtp_unprotect(swh_srtp *_Nonnull session, uint8_t *_Nonnull packet, int32_t count);
SWH_RT_LIBSRTP int32_t swh_srtp_unprotect_rtcp(swh_srtp *_Nonnull session, uint8_t *_Nonnull packet, int32_t count);

#endif
