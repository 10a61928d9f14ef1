/* Secrets: wiping, comparing in constant time, and memory that is locked and stays
 * out of core dumps. */
#ifndef WG_CRYPTO_SECRET_H
#define WG_CRYPTO_SECRET_H

#include <stdbool.h>
#include <stddef.h>

/* Overwrites len bytes with zeros; never optimised away. */
void wg_wipe(void *secret, size_t len);

/* Constant-time comparison of len bytes. */
bool wg_equal(const void *a, const void *b, size_t len) __attribute__((warn_unused_result));

/* Whether len bytes are all zero, in constant time. */
bool wg_is_zero(const void *secret, size_t len) __attribute__((warn_unused_result));

/* Zeroed memory, aligned for any type, from one arena of locked, undumpable slabs.
 * NULL when memory is out. Where the system refuses to lock (RLIMIT_MEMLOCK), it warns
 * once and goes on. A child of fork(2) does not have the memory, nor may it allocate here: going
 * to the background comes first. The arena has no
 * lock against other threads: it is for the one that owns the engine. */
void *wg_secret_new(size_t len);

/* How many bytes of the arena a secret of len bytes takes. */
size_t wg_secret_cost(size_t len);

/* Bytes of memory that the arena holds at present. */
size_t wg_secret_bytes_held(void);

/* Wipes and releases memory that wg_secret_new gave for the same len. NULL is ignored. */
void wg_secret_free(void *secret, size_t len);

#endif
