/* An echo server on libuv. Prints `port N`; answers each line of standard input with the bytes that it has allocated, and
 * ends with it. */

#include <malloc.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#define BLOCK (64 * 1024)

static uv_loop_t *loop;
static char block[BLOCK];

/* What the system did not take; nothing is read before it is written. */
struct rest {
    uv_write_t request;
    char bytes[];
};

static void must(int status, const char *what) {
    if (status < 0) {
        fprintf(stderr, "%s: %s\n", what, uv_strerror(status));
        exit(1);
    }
}

static void gone(uv_handle_t *handle) { free(handle); }

static void give_block(uv_handle_t *handle, size_t wanted, uv_buf_t *buf) {
    (void)handle;
    (void)wanted;
    *buf = uv_buf_init(block, BLOCK);
}

static void have_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buf);

static void written(uv_write_t *request, int status) {
    uv_stream_t *stream = request->handle;
    free(request);
    if (uv_is_closing((uv_handle_t *)stream))
        return;
    if (status < 0)
        uv_close((uv_handle_t *)stream, gone);
    else
        must(uv_read_start(stream, give_block, have_read), "read");
}

static void have_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buf) {
    if (count == 0)
        return;
    if (count < 0) {
        uv_close((uv_handle_t *)stream, gone);
        return;
    }
    uv_buf_t all = uv_buf_init(buf->base, (unsigned)count);
    int took = uv_try_write(stream, &all, 1);
    if (took == count)
        return;
    if (took < 0 && took != UV_EAGAIN) {
        uv_close((uv_handle_t *)stream, gone);
        return;
    }
    if (took < 0)
        took = 0;
    size_t left = (size_t)count - (size_t)took;
    struct rest *rest = malloc(sizeof *rest + left);
    if (rest == NULL)
        abort();
    memcpy(rest->bytes, buf->base + took, left);
    uv_buf_t more = uv_buf_init(rest->bytes, (unsigned)left);
    uv_read_stop(stream);
    must(uv_write(&rest->request, stream, &more, 1, written), "write");
}

static void connection(uv_stream_t *server, int status) {
    must(status, "connection");
    uv_tcp_t *client = malloc(sizeof *client);
    if (client == NULL)
        abort();
    must(uv_tcp_init(loop, client), "init");
    must(uv_accept(server, (uv_stream_t *)client), "accept");
    must(uv_tcp_nodelay(client, 1), "nodelay");
    must(uv_read_start((uv_stream_t *)client, give_block, have_read), "read");
}

static void asked(uv_stream_t *input, ssize_t count, const uv_buf_t *buf) {
    (void)input;
    if (count < 0)
        exit(0);
    if (memchr(buf->base, '\n', (size_t)count) != NULL) {
        printf("heap %zu\n", mallinfo2().uordblks);
        fflush(stdout);
    }
}

int main(void) {
    uv_tcp_t server;
    uv_pipe_t input;
    struct sockaddr_in at;
    int size = sizeof at;
    loop = uv_default_loop();
    must(uv_ip4_addr("127.0.0.1", 0, &at), "address");
    must(uv_tcp_init(loop, &server), "init");
    must(uv_tcp_bind(&server, (struct sockaddr *)&at, 0), "bind");
    must(uv_listen((uv_stream_t *)&server, 4096, connection), "listen");
    must(uv_tcp_getsockname(&server, (struct sockaddr *)&at, &size), "name");
    must(uv_pipe_init(loop, &input, 0), "init");
    must(uv_pipe_open(&input, 0), "standard input");
    must(uv_read_start((uv_stream_t *)&input, give_block, asked), "read");
    printf("port %d\n", ntohs(at.sin_port));
    fflush(stdout);
    return uv_run(loop, UV_RUN_DEFAULT);
}
