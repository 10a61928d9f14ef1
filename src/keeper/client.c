#include "keeper/client.h"

#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/secret.h"

/* What is written at a time at least, unless it is the end. A client that does not read
 * holds one of these; and it bounds a turn, as the reading does. */
#define PIECE_LEN 65536

static uint32_t scope_of(const char *name)
{
	return if_nametoindex(name);
}

/* Its answer is dropped only here, when libuv does not read it any more. */
static void on_closed(uv_handle_t *handle)
{
	struct wg_client *client = handle->data;

	wg_text_deinit(&client->answer);
	wg_uapi_parser_free(client->parser);
	wg_secret_free(client->rest, WG_CLIENT_READ_LEN);
	wg_wipe(client, sizeof(*client));
	free(client);
}

void wg_client_end(struct wg_client *client)
{
	if (client->ended)
		return;
	client->ended = true;
	client->owner->ended(client);
	uv_close((uv_handle_t *)&client->pipe, on_closed);
}

/* What has room in the socket; nothing is being written to it at that moment. */
static void say_now(struct wg_client *client, const char *text)
{
	uv_buf_t buf = uv_buf_init((char *)text, (unsigned int)strlen(text));

	uv_try_write((uv_stream_t *)&client->pipe, &buf, 1);
}

void wg_client_farewell(struct wg_client *client, const char *text)
{
	if (client->waits && !client->ended)
		say_now(client, text);
}

size_t wg_client_bytes(const struct wg_client *client)
{
	return wg_uapi_parser_bytes(client->parser) + client->answer.capacity;
}

/* None, when memory is out. */
static void set_error_answer(struct wg_client *client, int error)
{
	char end[WG_UAPI_ERRNO_LEN];

	wg_text_deinit(&client->answer);
	wg_text_add(&client->answer, end, wg_uapi_format_errno(end, client->kind, error));
}

/* Makes the answer's next piece, with its end behind the last one: also behind a piece
 * that could not be made, so that who reads it knows that something is missing. */
static int describe(struct wg_client *client)
{
	const struct wg_control_handler *handler = client->owner->handler;
	struct wg_text *text = &client->answer;
	char end[WG_UAPI_ERRNO_LEN];
	int result = 1;

	while (result > 0 && text->len < PIECE_LEN)
		result = handler->describe(handler->ctx, client->kind, &client->description, text);
	client->goes_on = result > 0;
	if (!client->goes_on)
		wg_text_add(text, end, wg_uapi_format_errno(end, client->kind, result));
	if (!text->failed)
		return 0;
	wg_text_deinit(text);
	return -ENOMEM;
}

static int begin_reload(struct wg_client *client)
{
	const struct wg_control_handler *handler = client->owner->handler;
	int error = handler->reload(handler->ctx);

	if (error)
		return error;
	say_now(client, WG_UAPI_BEGUN);
	client->reload = WG_CLIENT_RELOAD_WANTED;
	return 0;
}

static int serve(struct wg_client *client)
{
	const struct wg_control_handler *handler = client->owner->handler;

	switch (client->kind) {
	case WG_UAPI_SET:
		return handler->set(handler->ctx, wg_uapi_config(client->parser));
	case WG_UAPI_GET:
	case WG_UAPI_SHOW:
		client->description = (struct wg_description){.begun = false};
		return describe(client);
	case WG_UAPI_RELOAD:
		return begin_reload(client);
	case WG_UAPI_DOWN:
		say_now(client, WG_UAPI_BEGUN);
		client->waits = true;
		handler->down(handler->ctx);
		return 0;
	case WG_UAPI_N_KINDS:
		break;
	}
	return -EPROTO;
}

static bool answers_later(const struct wg_client *client)
{
	return client->waits || client->reload != WG_CLIENT_RELOADS_NOT;
}

/* Does what the request says, or what is left to do with a bad one. */
static void carry_out(struct wg_client *client, int error)
{
	client->kind = wg_uapi_kind(client->parser);
	if (!error)
		error = serve(client);
	if (!client->answer.len && !answers_later(client))
		set_error_answer(client, error);
}

static void on_written(uv_write_t *write, int status);

static bool write_answer(struct wg_client *client)
{
	uv_buf_t buf = {.base = client->answer.data, .len = client->answer.len};

	return !uv_write(&client->write, (uv_stream_t *)&client->pipe, &buf, 1, on_written);
}

/* Answers the request that was just read. False when the client is at its end. */
static bool answer(struct wg_client *client, int error)
{
	client->last = error && !wg_uapi_parser_in_step(client->parser);
	carry_out(client, error);
	wg_uapi_parser_reset(client->parser);
	uv_read_stop((uv_stream_t *)&client->pipe);
	if (!client->answer.len)
		return answers_later(client);
	return write_answer(client);
}

/* False when memory is out. */
static bool keep_rest(struct wg_client *client, const char *data, size_t len)
{
	client->rest_len = len;
	if (!len)
		return true;
	if (!client->rest)
		client->rest = wg_secret_new(WG_CLIENT_READ_LEN);
	if (!client->rest)
		return false;
	memmove(client->rest, data, len);
	return true;
}

/* Takes bytes up to a request's end; the rest is kept until that is answered. data may
 * be the rest itself. */
static void take(struct wg_client *client, const char *data, size_t len)
{
	size_t used = 0;
	int result = wg_uapi_parse(client->parser, data, len, &used);

	client->rest_len = 0;
	if (result == 0)
		return;
	if (!keep_rest(client, data + used, len - used) || !answer(client, result < 0 ? result : 0))
		wg_client_end(client);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct wg_client *client = handle->data;

	(void)suggested;
	*buf = uv_buf_init(client->owner->buffer, WG_CLIENT_READ_LEN);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct wg_client *client = stream->data;

	if (n > 0) {
		take(client, buf->base, (size_t)n);
		wg_wipe(buf->base, (size_t)n);
		if (!client->ended)
			client->owner->active(client);
	} else if (n < 0) {
		wg_client_end(client);
	}
}

/* Writes what follows a piece. False when the client is at its end. */
static bool go_on(struct wg_client *client)
{
	if (describe(client))
		set_error_answer(client, -ENOMEM);
	return client->answer.len && write_answer(client);
}

/* After an answer: what was read behind its request, then what comes. False as above. */
static bool listen_on(struct wg_client *client)
{
	if (client->rest && client->rest_len)
		take(client, client->rest, client->rest_len);
	return client->ended || client->answer.len ||
	       !uv_read_start((uv_stream_t *)&client->pipe, on_alloc, on_read);
}

static void on_written(uv_write_t *write, int status)
{
	struct wg_client *client = write->handle->data;
	bool lasts = !status && !client->last;

	if (client->ended)
		return;
	/* The next piece has its place; what nobody waits for goes. */
	if (lasts && client->goes_on)
		wg_text_clear(&client->answer);
	else
		wg_text_deinit(&client->answer);
	if (lasts)
		lasts = client->goes_on ? go_on(client) : listen_on(client);
	if (!lasts)
		wg_client_end(client);
	else if (!client->ended)
		client->owner->active(client);
}

void wg_client_reload_begins(struct wg_client *client)
{
	if (client->reload == WG_CLIENT_RELOAD_WANTED)
		client->reload = WG_CLIENT_RELOAD_BEGUN;
}

void wg_client_reloaded(struct wg_client *client, const char *text, size_t len)
{
	if (client->reload != WG_CLIENT_RELOAD_BEGUN || client->ended)
		return;
	client->reload = WG_CLIENT_RELOADS_NOT;
	wg_text_add(&client->answer, text, len);
	if (client->answer.failed)
		set_error_answer(client, -ENOMEM);
	if (!client->answer.len || !write_answer(client))
		wg_client_end(client);
}

struct wg_client *wg_client_accept(uv_stream_t *listener, struct wg_client_owner *owner)
{
	struct wg_client *client = calloc(1, sizeof(*client));

	if (!client)
		return NULL;
	if (uv_pipe_init(listener->loop, &client->pipe, 0)) {
		free(client);
		return NULL;
	}
	wg_list_init(&client->entry);
	client->owner = owner;
	wg_text_init_secret(&client->answer);
	client->pipe.data = client;
	/* First of all accepted: libuv does not listen on while a client waits for it. */
	if (!uv_accept(listener, (uv_stream_t *)&client->pipe) &&
	    (client->parser = wg_uapi_parser_new(scope_of)) &&
	    !uv_read_start((uv_stream_t *)&client->pipe, on_alloc, on_read))
		return client;
	client->ended = true;
	uv_close((uv_handle_t *)&client->pipe, on_closed);
	return NULL;
}
