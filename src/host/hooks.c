#include "host/hooks.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"

static const char *const names[WG_CONF_N_HOOKS] = {"PreUp", "PostUp", "PreDown", "PostDown"};

/* bash where there is one, since wg-quick's hooks are written for it. */
static const char *find_shell(void)
{
	static const char *const bash[] = {"/bin/bash", "/usr/bin/bash", "/usr/local/bin/bash"};

	for (size_t i = 0; i < WG_ARRAY_LEN(bash); i++)
		if (!access(bash[i], X_OK))
			return bash[i];
	return "/bin/sh";
}

/* What a hook's shell is told, and how messages call it. */
struct hook {
	char *argv[4];
	char *what;
};

static int prepare(struct hook *hook, const struct wg_conf *conf, enum wg_conf_hook which,
		   const struct wg_conf_text *line)
{
	hook->argv[0] = (char *)find_shell();
	hook->argv[1] = (char *)"-c";
	hook->argv[2] = line->text;
	if (asprintf(&hook->what, "%s:%u: %s", conf->file, line->line, names[which]) < 0) {
		hook->what = NULL;
		return -ENOMEM;
	}
	return 0;
}

static void free_hooks(struct hook *hooks, size_t n)
{
	for (size_t i = 0; hooks && i < n; i++)
		free(hooks[i].what);
	free(hooks);
}

int wg_hooks_run(struct wg_spawner *spawner, const struct wg_conf *conf, enum wg_conf_hook which,
		 bool keep_going, wg_spawn_done *done, void *ctx, struct wg_error *error)
{
	const struct wg_conf_texts *lines = &conf->hooks[which];
	const struct wg_spawn_options options = {
		.keep_going = keep_going,
		.limit = conf->hook_timeout,
		.setter = "HookTimeout",
		.done = done,
		.ctx = ctx,
	};
	struct wg_spawn_command *commands = calloc(lines->n + 1, sizeof(*commands));
	struct hook *hooks = calloc(lines->n + 1, sizeof(*hooks));
	int err = commands && hooks ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < lines->n; i++) {
		err = prepare(&hooks[i], conf, which, &lines->items[i]);
		commands[i].what = hooks[i].what;
		commands[i].text = hooks[i].argv[2];
		commands[i].argv = hooks[i].argv;
	}
	if (!err)
		err = wg_spawn_run(spawner, commands, lines->n, &options);
	free_hooks(hooks, lines->n);
	free(commands);
	return err ? wg_error_set(error, err, "%s: %s: %s", conf->name, names[which],
				  strerror(-err))
		   : 0;
}
