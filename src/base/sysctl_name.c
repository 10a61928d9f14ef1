#include "base/sysctl_name.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"

/* "net/FAMILY/conf/" and "net/FAMILY/neigh/", be it ipv4, ipv6 or mpls. */
size_t wg_sysctl_interface_at(const char *name)
{
	static const char *const folders[] = {"conf/", "neigh/"};
	size_t family;

	if (strncmp(name, "net/", 4) != 0)
		return 0;
	family = 4 + strcspn(name + 4, "/");
	for (size_t i = 0; name[family] && i < WG_ARRAY_LEN(folders); i++)
		if (!strncmp(name + family + 1, folders[i], strlen(folders[i])))
			return family + 1 + strlen(folders[i]);
	return 0;
}

/* Puts the dots back into an interface's name: between the folder and the last part. */
static void mend_interface(char *name)
{
	char *start = name + wg_sysctl_interface_at(name);
	char *end = strrchr(name, '/');

	if (start == name)
		return;
	for (char *p = start; p < end; p++)
		if (*p == '/')
			*p = '.';
}

bool wg_sysctl_is_name(const char *text)
{
	if (strncmp(text, "net/", 4) != 0)
		return false;
	while (text) {
		size_t len = strcspn(text, "/");

		if (!len || (len == 1 && text[0] == '.') ||
		    (len == 2 && text[0] == '.' && text[1] == '.'))
			return false;
		text = text[len] ? text + len + 1 : NULL;
	}
	return true;
}

int wg_sysctl_name(char name[static WG_SYSCTL_NAME_LEN], const char *key)
{
	char separator = key[strcspn(key, "./")];
	size_t len = strlen(key);

	if (len >= WG_SYSCTL_NAME_LEN)
		return -EINVAL;
	memcpy(name, key, len + 1);
	if (separator == '.') {
		for (char *p = name; *p; p++)
			*p = *p == '.' ? '/' : *p == '/' ? '.' : *p;
		/* An empty part is a mistake, and no dot of an interface's name. */
		if (strstr(name, "//"))
			return -EINVAL;
		mend_interface(name);
	}
	return wg_sysctl_is_name(name) ? 0 : -EINVAL;
}

int wg_sysctl_conf(char name[static WG_SYSCTL_NAME_LEN], const char *family, const char *link,
		   const char *leaf)
{
	int len = snprintf(name, WG_SYSCTL_NAME_LEN, "net/%s/conf/%s/%s", family, link, leaf);

	return len < WG_SYSCTL_NAME_LEN && wg_sysctl_is_name(name) ? 0 : -EINVAL;
}

const char *wg_sysctl_key(char key[static WG_SYSCTL_NAME_LEN], const char *name)
{
	size_t at = wg_sysctl_interface_at(name);

	snprintf(key, WG_SYSCTL_NAME_LEN, "%s", name);
	/* With more than one part behind the interface, dots would be read as the interface's. */
	if (at && strchr(name + at, '/') != strrchr(name + at, '/'))
		return key;
	for (char *p = key; *p; p++)
		*p = *p == '.' ? '/' : *p == '/' ? '.' : *p;
	return key;
}

const char *wg_sysctl_conf_key(char key[static WG_SYSCTL_NAME_LEN], const char *family,
			       const char *link, const char *leaf)
{
	char name[WG_SYSCTL_NAME_LEN];

	wg_sysctl_conf(name, family, link, leaf);
	return wg_sysctl_key(key, name);
}
