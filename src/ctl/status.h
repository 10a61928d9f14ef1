/* A running tunnel as show tells of it: the configuration, without its secrets, and
 * what only the program that runs it knows. It travels over the control socket as
 * lines of key=value (request "show=1"), so that the short-lived `tuff show` and not
 * the daemon does the formatting. */
#ifndef WG_CTL_STATUS_H
#define WG_CTL_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/config.h"
#include "core/drops.h"
#include "crypto/text.h"
#include "ctl/losses.h"
#include "ctl/tally.h"

#define WG_STATUS_WORD_LEN     64  /* with its NUL */
#define WG_STATUS_TEXT_LEN     256 /* with its NUL */
#define WG_STATUS_CONFINED_LEN 2048

/* One handshake message or two are lost at times, this many in a row are not. */
#define WG_STATUS_SILENT     3u
/* A caller that was heard longer ago has given up, or does not call us any more (seconds). */
#define WG_STATUS_CALL_LASTS 180u

/* Why a peer's endpoint is not known: its name could not be resolved. Texts belong to the
 * one who fills it in. */
struct wg_status_lookup {
	size_t peer;       /* of config.peers */
	const char *host;  /* the name */
	const char *error; /* the answer, in getaddrinfo(3)'s words */
	const char *file;  /* and line: where Endpoint has it */
	uint32_t line;
	uint32_t tries;   /* in a row without success */
	uint64_t seconds; /* since the first of them */
};

struct wg_status {
	/* Private key all zero; a preshared key only says whether there is one. */
	struct wg_config config;
	uint8_t public_key[WG_KEY_LEN];   /* ours, where config.has_private_key */
	char **peer_names;                /* of config.peers; NULL where there is none */
	size_t n_peer_names;              /* those behind have none either */
	struct wg_status_lookup *lookups; /* with trouble, in the order of peers; texts owned */
	size_t n_lookups;

	pid_t pid;     /* of the program that answers, as the socket tells; 0: not known */
	bool detailed; /* the fields below are known: the program is tuff */
	bool link_up;
	uint64_t uptime_sec; /* of the program that runs it */
	uint32_t mtu;
	uint32_t workers;
	char aead[WG_STATUS_WORD_LEN];
	uint32_t restarts;      /* of the process that meets packets */
	uint64_t restarted_sec; /* since the last one */
	char restarted_why[WG_STATUS_TEXT_LEN];
	char confine[WG_STATUS_WORD_LEN];      /* auto, strict or off */
	char layers[WG_STATUS_TEXT_LEN];       /* of the confinement, that are held, by spaces */
	char confined[WG_STATUS_CONFINED_LEN]; /* the same and what is missing, for people */
	char offloads[WG_STATUS_TEXT_LEN];     /* in use, apart by spaces; empty: none */
	char offloads_off[WG_STATUS_TEXT_LEN]; /* "gro: why; uso: why"; empty: none */
	uint64_t drops[WG_DROP_COUNT];
	uint64_t unmarked; /* see wg_device_unmarked() */
	uint64_t losses[WG_LOSS_COUNT];

	/* The same counts for the last minutes only, which are so many seconds; 0: not
	 * known. */
	uint64_t lately_sec;
	struct wg_tally lately;
};

void wg_status_init(struct wg_status *status);
void wg_status_deinit(struct wg_status *status);

/* Sets the name of config.peers[i], copied. 0 or -ENOMEM. */
int wg_status_name_peer(struct wg_status *status, size_t i, const char *name);
/* NULL: it has none. */
const char *wg_status_peer_name(const struct wg_status *status, size_t i);

/* Adds trouble with the endpoint's name of lookup->peer, which comes behind those that
 * are there; copied. 0 or -ENOMEM. */
int wg_status_add_lookup(struct wg_status *status, const struct wg_status_lookup *lookup);
/* NULL: there is none with that of config.peers[i]. */
const struct wg_status_lookup *wg_status_lookup(const struct wg_status *status, size_t i);

/* Drops the peers and all that belongs to them; the memory is kept for others. */
void wg_status_forget_peers(struct wg_status *status);

/* The answer to "show=1", in pieces: the interface, then its peers, some at a time; its
 * end is that of any answer (wg_uapi_format_errno). */
void wg_status_format_interface(struct wg_text *text, const struct wg_status *status);
void wg_status_format_peers(struct wg_text *text, const struct wg_status *status);

/* Is called with each part of a status as soon as that is whole: the interface, once,
 * before any peer; then each peer, which is config.peers[0] meanwhile and is forgotten
 * afterwards. Each returns 0, or -errno to read no further. */
struct wg_status_handler {
	int (*interface)(void *ctx, const struct wg_status *status);
	int (*peer)(void *ctx, const struct wg_status *status);
	void *ctx;
};

/* Reads such an answer as its bytes arrive; no more than a peer is held. */
struct wg_status_reader {
	struct wg_status *status;
	const struct wg_status_handler *handler; /* NULL: all peers stay in status */
	struct wg_text line;                     /* its part that came */
	bool told;                               /* of the interface */
	int result;
};

/* status is initialised by the caller, and deinitialised whatever happens; handler may
 * be NULL. */
void wg_status_reader_init(struct wg_status_reader *reader, struct wg_status *status,
			   const struct wg_status_handler *handler);
void wg_status_reader_deinit(struct wg_status_reader *reader);

/* Takes a piece; unknown keys are passed over. 1 when errno came and was 0: all was
 * read. 0 when more has to come; -EPROTO when it is no such text, -ENOMEM, the
 * handler's error, or the one that the other side told; and the same ever after. */
int wg_status_read(struct wg_status_reader *reader, const char *data, size_t len);

/* Why config.peers[i] has no session, in words; empty when it has one. */
const char *wg_status_reason(const struct wg_status *status, size_t i,
			     char text[static WG_STATUS_TEXT_LEN]);

/* Whether a peer calls and does not go on when it was answered; when we call it, that says
 * more. */
static inline bool wg_status_takes_no_answer(const struct wg_config_health *health)
{
	return health->responses_sent >= WG_STATUS_SILENT &&
	       health->initiations_sent < WG_STATUS_SILENT;
}

/* Whether no handshake with a peer succeeds, be there a session or not. */
static inline bool wg_status_is_silent(const struct wg_config_health *health)
{
	return health->initiations_sent >= WG_STATUS_SILENT || wg_status_takes_no_answer(health);
}

/* Why config.peers[i] does not answer, though there is a session with it still; empty
 * when it does, or has none. */
const char *wg_status_silence(const struct wg_status *status, size_t i,
			      char text[static WG_STATUS_TEXT_LEN]);

/* "port-closed" and the like; "none". */
const char *wg_status_report_name(enum wg_report_kind kind);

/* "wrong_key" and the like, as a status has it in its text. */
const char *wg_status_caller_name(enum wg_config_caller_kind kind);

/* A sentence about those who call in vain; empty when nobody does, or not any more. */
const char *wg_status_caller(const struct wg_status *status, enum wg_config_caller_kind kind,
			     char text[static WG_STATUS_TEXT_LEN]);

#endif
