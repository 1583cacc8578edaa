package main

import (
	"fmt"
	"time"
)

// Handshakes under way at a time while connections are opened, which is not measured.
const opening = 64

// opener opens a group. A connection that fails is tried again, so that a proxy that has just been started may refuse
// the first ones.
type opener struct {
	g       *generator
	c       command
	next    int
	pending int
	clients []*client
	failure string
	err     error
}

func (g *generator) open(c command) (answer, error) {
	began := time.Now()
	o := &opener{g: g, c: c}
	o.fill()
	done, err := g.until(afterMs(c.Ms), func() bool { return len(o.clients) >= c.Count || o.err != nil })
	if err == nil {
		err = o.err
	}
	if err == nil && !done {
		err = fmt.Errorf("%d of %d connections within %d ms; the last failure: %q", len(o.clients), c.Count, c.Ms, o.failure)
	}
	g.groups[c.Group] = append(g.groups[c.Group], o.clients...)
	return answer{"connections": len(o.clients), "ms": since(began)}, err
}

func (o *opener) fill() {
	for o.err == nil && o.pending < opening && len(o.clients)+o.pending < o.c.Count {
		o.dial()
	}
}

func (o *opener) dial() {
	o.next++
	o.pending++
	path := ""
	if o.c.Path != "" {
		path = fmt.Sprintf("%s%d", o.c.Path, o.next)
	}
	_, o.err = o.g.dial(o.c.Port, path, o)
}

func (o *opener) opened(c *client) {
	o.pending--
	if o.c.Node != "" && c.node != o.c.Node {
		c.end()
	} else {
		o.clients = append(o.clients, c)
	}
	o.fill()
}

func (o *opener) message(*client) {}

func (o *opener) closed(c *client, why string) {
	o.failure = why
	for i, other := range o.clients {
		if other == c {
			o.clients = append(o.clients[:i], o.clients[i+1:]...)
			o.fill()
			return
		}
	}
	o.pending--
	o.fill()
}

// closeGroup closes a group, or all without a name.
func (g *generator) closeGroup(c command) (answer, error) {
	count := 0
	for name, clients := range g.groups {
		if c.Group != "" && c.Group != name {
			continue
		}
		for _, each := range clients {
			each.end()
		}
		count += len(clients)
		delete(g.groups, name)
	}
	return answer{"connections": count}, nil
}
