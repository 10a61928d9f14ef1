#include <cap-ng.h>
#include <errno.h>
#include <linux/securebits.h>
#include <sys/prctl.h>

#include "confine/layers.h"

/* The last that a kernel may have: a mask of 64 bits. */
#define MAX_CAPABILITY 63

/* A user 0, if ever this is one, is nobody special. */
#define SECURE_BITS                                                      \
	(SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP | \
	 SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE |   \
	 SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED)

/* From the kernel itself: libcap-ng reads /proc for it, and there is none. */
static bool bounds_are_empty(void)
{
	for (int i = 0; i <= MAX_CAPABILITY; i++)
		if (prctl(PR_CAPBSET_READ, i, 0, 0, 0) > 0)
			return false;
	return true;
}

static bool has_any(void)
{
	capng_get_caps_process();
	return capng_have_capabilities(CAPNG_SELECT_CAPS) != CAPNG_NONE ||
	       capng_have_capabilities(CAPNG_SELECT_AMBIENT) != CAPNG_NONE;
}

int wg_confine_drop_capabilities(void)
{
	/* Without the right to it, an empty bounding set and no capability do the same. */
	(void)prctl(PR_SET_SECUREBITS, SECURE_BITS, 0, 0, 0);
	capng_clear(CAPNG_SELECT_ALL);
	/* What counts is what is there afterwards. */
	(void)capng_apply(CAPNG_SELECT_BOUNDS);
	(void)capng_apply(CAPNG_SELECT_CAPS);
	(void)capng_apply(CAPNG_SELECT_AMBIENT);
	return has_any() || !bounds_are_empty() ? -EPERM : 0;
}

int wg_confine_no_new_privs(void)
{
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;
}

int wg_confine_undumpable(void)
{
	return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ? -errno : 0;
}
