/* One client of the control socket: its requests one after the other, each answered
 * before the next is read. */
#ifndef WG_KEEPER_CLIENT_H
#define WG_KEEPER_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#include "base/list.h"
#include "ctl/uapi.h"
#include "keeper/control.h"

/* What is read at a time. libuv reads up to 32 times in a row from a client that
 * keeps the buffer full, so this also bounds a client's turn: 512 KiB. */
#define WG_CLIENT_READ_LEN 16384

struct wg_client;

/* What a client needs of its server. */
struct wg_client_owner {
	const struct wg_control_handler *handler;
	/* It did something: bytes were read or written. */
	void (*active)(struct wg_client *client);
	/* It ended, and may be forgotten. Its memory goes by itself. */
	void (*ended)(struct wg_client *client);
	char *buffer; /* of WG_CLIENT_READ_LEN, locked; shared: it is wiped after each read */
};

/* Whether it waits for the answer to a request to reload. */
enum wg_client_reload { WG_CLIENT_RELOADS_NOT, WG_CLIENT_RELOAD_WANTED, WG_CLIENT_RELOAD_BEGUN };

struct wg_client {
	struct wg_list entry; /* the owner's */
	struct wg_client_owner *owner;
	uv_pipe_t pipe;
	uv_write_t write;
	struct wg_uapi_parser *parser;
	struct wg_text answer; /* or a piece of it, locked: being written, or empty */
	bool goes_on;          /* behind this piece, with the next of that description */
	enum wg_uapi_kind kind;
	struct wg_description description;
	char *rest; /* of WG_CLIENT_READ_LEN, locked: read, but behind the request under way */
	size_t rest_len;
	bool waits; /* for the tunnel's end */
	enum wg_client_reload reload;
	bool last; /* ends when its answer is written */
	bool ended;
};

/* Accepts a client of the listening pipe. NULL when out of memory or descriptors. */
struct wg_client *wg_client_accept(uv_stream_t *listener, struct wg_client_owner *owner);

/* Cuts it off; calls ended, once. */
void wg_client_end(struct wg_client *client);

/* Writes text, if it waits for the tunnel's end. For that moment, when no loop runs
 * that would do it. */
void wg_client_farewell(struct wg_client *client, const char *text);

/* If it asked for a reload: that begins now; and has ended, with the answer text. */
void wg_client_reload_begins(struct wg_client *client);
void wg_client_reloaded(struct wg_client *client, const char *text, size_t len);

/* Bytes that it has us hold: its unfinished request, and what is being written. */
size_t wg_client_bytes(const struct wg_client *client);

#endif
