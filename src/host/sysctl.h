/* Kernel parameters under net., through /proc/sys. Which network namespace they belong to
 * is that of the caller. What their names are is in base/sysctl_name.h. This folder
 * includes it, and doctor, which only reads. */
#ifndef WG_HOST_SYSCTL_H
#define WG_HOST_SYSCTL_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/sysctl_name.h"

#define WG_SYSCTL_VALUE_LEN 512 /* with its NUL */

struct wg_sysctl {
	char name[WG_SYSCTL_NAME_LEN];
	char value[WG_SYSCTL_VALUE_LEN];
};

/* Without the newline at its end. -EMSGSIZE when a value is longer than fits. */
int wg_sysctl_read(const char *name, char value[static WG_SYSCTL_VALUE_LEN]);
int wg_sysctl_write(const char *name, const char *value);
/* Whether two values mean the same: spaces and tabs between numbers do not matter. */
bool wg_sysctl_equal(const char *a, const char *b);

/* Whether the kernel did not let us write: /proc/sys is read-only, or not ours. */
static inline bool wg_sysctl_is_refused(int err)
{
	return err == -EROFS || err == -EACCES || err == -EPERM;
}

/* Whether the parameter leaf of any interface in folder ("net/ipv4/conf/"), or of "all", is
 * not "0"; also where that cannot be found out. */
bool wg_sysctl_any(const char *folder, const char *leaf);

/* A picture of everything that a write to this name may change: itself, first, and
 * those that the kernel changes with it. What cannot be read is left out. Freed by
 * the caller. */
int wg_sysctl_picture(const char *name, struct wg_sysctl **values, size_t *n);

#endif
