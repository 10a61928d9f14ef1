#include "keeper/control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/list.h"
#include "base/log.h"
#include "crypto/secret.h"
#include "keeper/client.h"

#define BACKLOG 32

/* A change of all 2^20 peers, each with a preshared key and two allowed IPs, takes some
 * 360 MB. Only who may connect, and that is root, can have that taken. */
const struct wg_control_limits wg_control_usual_limits = {
	.clients = 32,
	.bytes = (size_t)1 << 30,
};

struct wg_control {
	struct wg_client_owner owner;
	struct wg_control_handler handler;
	struct wg_control_limits limits;
	struct wg_sockfile file;
	struct wg_list clients; /* that was silent longest, first */
	size_t n_clients;
	uv_pipe_t listener;
	uv_fs_event_t watch; /* of the folder */
	unsigned int n_open; /* of these two handles */
};

static struct wg_control *control_of(struct wg_client *client)
{
	return WG_CONTAINER_OF(client->owner, struct wg_control, owner);
}

static struct wg_client *client_at(struct wg_list *entry)
{
	return WG_CONTAINER_OF(entry, struct wg_client, entry);
}

/* Cuts off who holds most until what all hold is within the limit. */
static void enforce_bytes(struct wg_control *control)
{
	for (;;) {
		struct wg_client *largest = NULL;
		struct wg_list *entry;
		size_t sum = 0;

		wg_list_for_each (entry, &control->clients) {
			size_t bytes = wg_client_bytes(client_at(entry));

			sum += bytes;
			if (!largest || bytes > wg_client_bytes(largest))
				largest = client_at(entry);
		}
		if (!largest || sum <= control->limits.bytes)
			return;
		wg_log(WG_LOG_NOTICE, "control client cut off: it takes %zu bytes",
		       wg_client_bytes(largest));
		wg_client_end(largest);
	}
}

static void on_active(struct wg_client *client)
{
	struct wg_control *control = control_of(client);

	wg_list_remove(&client->entry);
	wg_list_push(&control->clients, &client->entry);
	enforce_bytes(control);
}

static void on_ended(struct wg_client *client)
{
	wg_list_remove(&client->entry);
	control_of(client)->n_clients--;
}

static void on_connection(uv_stream_t *listener, int status)
{
	struct wg_control *control = listener->data;
	struct wg_client *client;

	if (status) {
		wg_log(WG_LOG_WARNING, "control client not accepted: %s", strerror(-status));
		return;
	}
	client = wg_client_accept(listener, &control->owner);
	if (!client)
		return;
	wg_list_push(&control->clients, &client->entry);
	if (++control->n_clients > control->limits.clients)
		wg_client_end(client_at(control->clients.next));
}

/* libuv tells of any change in the folder, and of the folder itself under whatever
 * name; an event that was lost in an overflow it does not tell of. So events only
 * say that it is time to look. */
static void on_folder_change(uv_fs_event_t *watch, const char *name, int events, int status)
{
	struct wg_control *control = watch->data;

	(void)name;
	(void)events;
	(void)status;
	if (wg_sockfile_exists(&control->file))
		return;
	uv_fs_event_stop(watch);
	control->handler.gone(control->handler.ctx);
}

static void on_handle_closed(uv_handle_t *handle)
{
	struct wg_control *control = handle->data;

	if (--control->n_open)
		return;
	wg_secret_free(control->owner.buffer, WG_CLIENT_READ_LEN);
	free(control);
}

void wg_control_farewell(struct wg_control *control, const char *text)
{
	struct wg_list *entry;

	wg_list_for_each (entry, &control->clients)
		wg_client_farewell(client_at(entry), text);
}

void wg_control_reload_begins(struct wg_control *control)
{
	struct wg_list *entry;

	wg_list_for_each (entry, &control->clients)
		wg_client_reload_begins(client_at(entry));
}

void wg_control_reloaded(struct wg_control *control, const char *text, size_t len)
{
	struct wg_list *entry = control->clients.next;

	while (entry != &control->clients) {
		struct wg_client *client = client_at(entry);

		entry = entry->next; /* it may end by that */
		wg_client_reloaded(client, text, len);
	}
}

void wg_control_close(struct wg_control *control)
{
	if (!control)
		return;
	while (!wg_list_empty(&control->clients))
		wg_client_end(client_at(control->clients.next));
	wg_sockfile_remove(&control->file);
	uv_close((uv_handle_t *)&control->listener, on_handle_closed);
	uv_close((uv_handle_t *)&control->watch, on_handle_closed);
}

static int start_watch(struct wg_control *control)
{
	char folder[sizeof(control->file.path)];
	char *slash;

	snprintf(folder, sizeof(folder), "%s", control->file.path);
	slash = strrchr(folder, '/');
	if (slash && slash != folder)
		*slash = '\0';
	return uv_fs_event_start(&control->watch, on_folder_change, folder, 0);
}

/* Without inotify (its instances or watches are used up) the tunnel works all the
 * same; only removing the file does not end it. */
static void watch_folder(struct wg_control *control)
{
	int error = start_watch(control);

	if (error)
		wg_log(WG_LOG_WARNING, "removing %s will not end the tunnel: cannot watch it: %s",
		       control->file.path, strerror(-error));
}

static struct wg_control *new_control(const struct wg_control_limits *limits,
				      const struct wg_control_handler *handler)
{
	struct wg_control *control = calloc(1, sizeof(*control));

	if (!control)
		return NULL;
	control->owner.buffer = wg_secret_new(WG_CLIENT_READ_LEN);
	if (!control->owner.buffer) {
		free(control);
		return NULL;
	}
	control->handler = *handler;
	control->limits = *limits;
	control->owner.handler = &control->handler;
	control->owner.active = on_active;
	control->owner.ended = on_ended;
	control->listener.data = control;
	control->watch.data = control;
	wg_list_init(&control->clients);
	return control;
}

int wg_control_open(struct wg_control **out, uv_loop_t *loop, int fd,
		    const struct wg_sockfile *file, const struct wg_control_limits *limits,
		    const struct wg_control_handler *handler)
{
	struct wg_control *control = new_control(limits, handler);
	int error;

	if (!control) {
		close(fd);
		return -ENOMEM;
	}
	uv_pipe_init(loop, &control->listener, 0);
	uv_fs_event_init(loop, &control->watch);
	control->n_open = 2;
	control->file = *file;
	error = uv_pipe_open(&control->listener, fd);
	if (error)
		close(fd);
	else
		error = uv_listen((uv_stream_t *)&control->listener, BACKLOG, on_connection);
	if (!error) {
		watch_folder(control);
		/* It may have gone before anybody watched. */
		error = wg_sockfile_exists(&control->file) ? 0 : -ENOENT;
	}
	if (error)
		wg_control_close(control);
	else
		*out = control;
	return error;
}

size_t wg_control_clients(const struct wg_control *control)
{
	return control->n_clients;
}
