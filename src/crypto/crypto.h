/* Start-up of the crypto folder: the only door to libsodium, libb2 and libIPSec_MB. */
#ifndef WG_CRYPTO_CRYPTO_H
#define WG_CRYPTO_CRYPTO_H

#include "base/random.h"

/* Initialises the libraries and picks the AEAD implementation. aead is the name of
 * one ("sodium", "ipsec-mb") or NULL for the best that this machine has. Before any other thread
 * exists. 0, -ENOENT when there is no such implementation here, -EIO when a library
 * cannot start. May be called again (tests). */
int wg_crypto_init(const char *aead);

/* The name of the AEAD implementation in use. */
const char *wg_crypto_aead_name(void);

/* Gives back all that the calling thread holds for sealing and opening. For a thread that
 * ends before the process does. */
void wg_crypto_thread_deinit(void);

/* The system's random source. */
struct wg_random wg_crypto_random(void);

#endif
