package main

import (
	"fmt"
	"time"
)

// talker sends the next message on each connection when the last one has come back.
type talker struct {
	frame    []byte
	going    bool
	messages int
	waiting  int
	lost     string
}

func (t *talker) opened(*client) {}

func (t *talker) message(c *client) {
	t.messages++
	if t.going {
		c.send(t.frame)
	} else {
		t.waiting--
	}
}

func (t *talker) closed(_ *client, why string) { t.lost = why }

func (g *generator) talk(c command) (answer, error) {
	return g.converse(c, clientFrame(opBinary, c.Bytes))
}

// request is the same with plain HTTP: each connection has a key of its own.
func (g *generator) request(c command) (answer, error) {
	return g.converse(c, nil)
}

func (g *generator) converse(c command, frame []byte) (answer, error) {
	t := &talker{frame: frame, going: true}
	clients, err := g.observe(c.Group, t)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	for _, each := range clients {
		if frame == nil {
			break
		}
		each.send(frame)
	}
	if frame == nil {
		r := &requester{talker: t, path: c.Path}
		for _, each := range clients {
			each.observer = r
			r.ask(each)
		}
	}
	if _, err = g.until(afterMs(c.Ms), func() bool { return t.lost != "" }); err != nil {
		return nil, err
	}
	t.going = false
	t.waiting = len(clients)
	done, err := g.until(afterMs(5000), func() bool { return t.waiting <= 0 || t.lost != "" })
	if err == nil && (!done || t.lost != "") {
		err = fmt.Errorf("a connection got no answer, or was lost: %q", t.lost)
	}
	return answer{"units": t.messages, "ms": since(began)}, err
}

type requester struct {
	*talker
	path string
}

func (r *requester) ask(c *client) {
	c.send(fmt.Appendf(nil, "GET %s%d HTTP/1.1\r\nHost: bench\r\n\r\n", r.path, c.slot))
}

func (r *requester) message(c *client) {
	r.messages++
	if r.going {
		r.ask(c)
	} else {
		r.waiting--
	}
}
