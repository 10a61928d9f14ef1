#include "daemon/readconf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/conffile.h"
#include "ctl/keyfile.h"
#include "daemon/name.h"

#define SUFFIX ".conf"

int wg_readconf(struct wg_conf *conf, const char *source, struct wg_error *error)
{
	struct wg_conffile file;
	int err = wg_conffile_read(&file, source, wg_conffile_folders, error);

	if (err)
		return err;
	err = wg_conf_parse(conf, file.path, file.name, file.text, file.len, error);
	wg_conffile_deinit(&file);
	if (err)
		return err;
	err = wg_keyfile_load(conf, getenv("CREDENTIALS_DIRECTORY"), error);
	if (err)
		wg_conf_deinit(conf);
	return err;
}

int wg_readconf_name(char name[static WG_CONF_LINK_LEN], const char *source, struct wg_error *error)
{
	const char *slash = strrchr(source, '/');
	const char *base = slash ? slash + 1 : source;
	size_t len = strlen(base);
	const char *why;

	if (len > strlen(SUFFIX) && !strcmp(base + len - strlen(SUFFIX), SUFFIX))
		len -= strlen(SUFFIX);
	snprintf(name, WG_CONF_LINK_LEN, "%.*s", (int)(len < WG_CONF_LINK_LEN ? len : 0), base);
	why = wg_name_refusal(name);
	if (!why)
		return 0;
	wg_error_set(error, -EINVAL, "%s: name of the link: %s", source, why);
	wg_error_hint(error, "1 to 15 characters, such as wg0");
	return -EINVAL;
}
