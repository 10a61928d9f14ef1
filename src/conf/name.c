#include "conf/name.h"

#include <ctype.h>
#include <net/if.h>
#include <stdbool.h>
#include <string.h>

/* The kernel (dev_valid_name) refuses '/', ':' and space; the rest would be a
 * pattern to it ('%'), an option to others ('-') or unreadable in a path. */
static bool is_allowed(char c)
{
	return isascii((unsigned char)c) && isgraph((unsigned char)c) && !strchr("/:%", c);
}

const char *wg_name_refusal(const char *name)
{
	if (!*name)
		return "it is empty";
	if (strlen(name) >= IFNAMSIZ)
		return "it is longer than 15 characters";
	if (!strcmp(name, ".") || !strcmp(name, ".."))
		return "it is a folder's";
	if (*name == '-')
		return "it starts with '-'";
	for (const char *p = name; *p; p++)
		if (!is_allowed(*p))
			return "only ASCII characters without spaces, '/', ':' and '%' are allowed";
	return NULL;
}
