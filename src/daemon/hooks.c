#include "daemon/hooks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"

/* bash where there is one, since wg-quick's hooks are written for it. */
static const char *find_shell(void)
{
	static const char *const bash[] = {"/bin/bash", "/usr/bin/bash", "/usr/local/bin/bash"};

	for (size_t i = 0; i < WG_ARRAY_LEN(bash); i++)
		if (!access(bash[i], X_OK))
			return bash[i];
	return "/bin/sh";
}

int wg_hooks_run(uv_loop_t *loop, const struct wg_conf *conf, enum wg_conf_hook which,
		 bool keep_going, wg_spawn_done *done, void *ctx, struct wg_error *error)
{
	static const char *const names[WG_CONF_N_HOOKS] = {"PreUp", "PostUp", "PreDown",
							   "PostDown"};
	const struct wg_conf_texts *hooks = &conf->hooks[which];
	struct wg_spawn_command *commands = calloc(hooks->n + 1, sizeof(*commands));
	char *(*argvs)[4] = calloc(hooks->n + 1, sizeof(*argvs));
	int err = commands && argvs ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < hooks->n; i++) {
		argvs[i][0] = (char *)find_shell();
		argvs[i][1] = (char *)"-c";
		argvs[i][2] = hooks->items[i].text;
		commands[i] = (struct wg_spawn_command){.what = names[which], .argv = argvs[i]};
	}
	if (!err)
		err = wg_spawn_run(loop, commands, hooks->n, keep_going, done, ctx);
	free((void *)argvs);
	free(commands);
	return err ? wg_error_set(error, err, "%s: %s: %s", conf->name, names[which],
				  strerror(-err))
		   : 0;
}
