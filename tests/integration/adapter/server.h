/* A nats-server of this test alone: on a free port, with the config it needs, stopped and frozen at will. */
#ifndef WAY_TEST_SERVER_H
#define WAY_TEST_SERVER_H

#include <sys/types.h>

typedef struct own_server {
    pid_t pid;
    int port;
    char dir[64];
    char url[64];
} own_server;

/* config: more lines for its config file.  Ready for clients on return. */
void own_server_start(own_server *s, const char *config);
void own_server_kill(own_server *s);   /* SIGKILL */
void own_server_again(own_server *s);  /* same port, same store */
void own_server_freeze(own_server *s);
void own_server_thaw(own_server *s);
void own_server_end(own_server *s);    /* and its folder is gone */

#endif
