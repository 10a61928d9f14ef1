#include "conf/name.h"

#include <ctype.h>
#include <net/if.h>
#include <string.h>

/* dev_valid_name() refuses '/', ':' and space; names that cannot be read are of no use to
 * anybody. */
static bool is_graph(const char *name, const char *but)
{
	for (const char *p = name; *p; p++)
		if (!isascii((unsigned char)*p) || !isgraph((unsigned char)*p) || strchr(but, *p))
			return false;
	return true;
}

static bool is_folder(const char *name)
{
	return !strcmp(name, ".") || !strcmp(name, "..");
}

bool wg_name_is_link(const char *name)
{
	return *name && strlen(name) < IFNAMSIZ && !is_folder(name) && is_graph(name, "/:");
}

const char *wg_name_refusal(const char *name)
{
	if (!*name)
		return "it is empty";
	if (strlen(name) >= IFNAMSIZ)
		return "it is longer than 15 characters";
	if (is_folder(name))
		return "it is a folder's";
	/* An option to others; and a pattern to the kernel. */
	if (*name == '-')
		return "it starts with '-'";
	if (!is_graph(name, "/:%"))
		return "only ASCII characters without spaces, '/', ':' and '%' are allowed";
	return NULL;
}

bool wg_name_is_plain(const char *name)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_=+.-";

	return !wg_name_refusal(name) && strspn(name, plain) == strlen(name);
}
