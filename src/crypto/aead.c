/* Which implementation is in use. */
#include "crypto/aead.h"

#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "crypto/aead_impl.h"

/* The best first. */
static const struct wg_aead_impl *const impls[] = {
#ifdef WG_HAVE_IPSEC_MB
	&wg_aead_ipsec_mb,
#endif
	&wg_aead_sodium,
};

/* Written by wg_aead_pick only, before there are threads. */
static const struct wg_aead_impl *impl = &wg_aead_sodium;

int wg_aead_pick(const char *name)
{
	for (size_t i = 0; i < WG_ARRAY_LEN(impls); i++) {
		if (name && strcmp(name, impls[i]->name) != 0)
			continue;
		if (!impls[i]->available())
			continue;
		impl = impls[i];
		return 0;
	}
	return -ENOENT;
}

const char *wg_aead_name(void)
{
	return impl->name;
}

void wg_aead_thread_deinit(void)
{
	for (size_t i = 0; i < WG_ARRAY_LEN(impls); i++)
		if (impls[i]->thread_deinit)
			impls[i]->thread_deinit();
}

void wg_aead_seal_vector(const uint8_t key[static WG_KEY_LEN], struct wg_aead_item *items, size_t n)
{
	impl->seal_vector(key, items, n);
}

void wg_aead_open_vector(const uint8_t key[static WG_KEY_LEN], struct wg_aead_item *items, size_t n)
{
	impl->open_vector(key, items, n);
}
