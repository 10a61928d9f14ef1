/* The text of the control socket (the cross-platform userspace interface) to and
 * from struct wg_config. Pure: the daemon owns the socket. */
#ifndef WG_CTL_UAPI_H
#define WG_CTL_UAPI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/config.h"
#include "crypto/text.h"

/* The most bytes that one request may have: of each of the 2^20 peers of a device there is
 * room for 1 KiB, with all of its keys and a dozen of allowed IPs. It bounds how long a
 * request is read; the memory that it takes meanwhile is for the server to bound. */
#define WG_UAPI_MAX_REQUEST (1u << 30)

/* The most bytes in one line, without its newline; the longest valid one, an endpoint
 * with an interface's name, has less than half of it. */
#define WG_UAPI_MAX_LINE 255

enum wg_uapi_kind {
	WG_UAPI_GET,    /* "get=1" */
	WG_UAPI_SET,    /* "set=1" */
	WG_UAPI_SHOW,   /* "show=1": ctl/status.h; this and what follows are ours alone */
	WG_UAPI_DOWN,   /* "down=1": end the tunnel, and answer when it has ended */
	WG_UAPI_RELOAD, /* "reload=1": read the file again */
	WG_UAPI_N_KINDS
};

/* The first line of the answer to a down or reload, sent before the work is begun: such an
 * answer may take long, and the client can tell that from a program that is dead. */
#define WG_UAPI_BEGUN "begun=1\n"

/* An interface's index by its name, for scopes of IPv6 endpoints; 0: no such one. */
typedef uint32_t wg_uapi_scope(const char *name);

/* Reads one request as its bytes arrive. Holds secrets. */
struct wg_uapi_parser;

struct wg_uapi_parser *wg_uapi_parser_new(wg_uapi_scope *scope);
void wg_uapi_parser_free(struct wg_uapi_parser *parser);

/* Feeds len bytes; *used says how many were taken (bytes behind a request's end are left).
 * Returns 1 when a request is whole, 0 when more is needed, and -errno when it can never
 * become one (-EPROTO, -EINVAL, -ENODEV for an unknown scope, -E2BIG, -ENOMEM): then the
 * rest of the request is still read and skipped, and the error comes at its end or, where
 * that makes no sense (too large, no request line), at once. */
int wg_uapi_parse(struct wg_uapi_parser *parser, const char *data, size_t len, size_t *used);

/* After an error: whether the request was read to its end, so that the connection can
 * carry another one. Otherwise answer and close. */
bool wg_uapi_parser_in_step(const struct wg_uapi_parser *parser);

/* The kind of the whole request, also of one with an error (a get, while no request line is
 * known); config is the parser's, valid until reset, and may be changed by the caller. */
enum wg_uapi_kind wg_uapi_kind(const struct wg_uapi_parser *parser);
struct wg_config *wg_uapi_config(struct wg_uapi_parser *parser);

/* Bytes that the request takes in memory so far. It is what counts: a line of two
 * words can make a peer. */
size_t wg_uapi_parser_bytes(const struct wg_uapi_parser *parser);

/* Gets ready for the next request of the connection. */
void wg_uapi_parser_reset(struct wg_uapi_parser *parser);

/* The answer to a get, in pieces: first the device, then its peers, some at a time; its
 * end is that of any answer. */
void wg_uapi_format_device(struct wg_text *text, const struct wg_config *config);
void wg_uapi_format_peers(struct wg_text *text, const struct wg_config *config);

/* The end of an answer, or the whole answer to a set: error is 0 or -errno. The sign of
 * errno is what wg needs for that kind. Returns its length. */
#define WG_UAPI_ERRNO_LEN 24
size_t wg_uapi_format_errno(char text[static WG_UAPI_ERRNO_LEN], enum wg_uapi_kind kind, int error);

#endif
