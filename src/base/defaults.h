/* Numbers of this program that more than one part has to agree on. */
#ifndef WG_BASE_DEFAULTS_H
#define WG_BASE_DEFAULTS_H

/* Threads that run jobs, besides the one that plans them. */
#define WG_MAX_WORKERS  64u
/* In place of their number: as many as this machine can use. */
#define WG_WORKERS_AUTO (-1)

#endif
