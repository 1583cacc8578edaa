package main

import (
	"fmt"
	"time"
)

// pushed counts what the node sends to all connections; the next push is asked for when all have the last one.
type pushed struct {
	messages int
	lost     string
}

func (p *pushed) opened(*client)               {}
func (p *pushed) message(*client)              { p.messages++ }
func (p *pushed) closed(_ *client, why string) { p.lost = why }

// push needs a group "control" of one connection straight to the node.
func (g *generator) push(c command) (answer, error) {
	p := &pushed{}
	clients, err := g.observe(c.Group, p)
	if err != nil {
		return nil, err
	}
	control, err := g.observe("control", &pushed{})
	if err != nil {
		return nil, err
	}
	frame := clientFrame(opBinary, c.Bytes)
	began := time.Now()
	deadline := afterMs(c.Ms)
	for asked := 0; time.Now().Before(deadline); {
		control[0].send(frame)
		asked += len(clients)
		done, err := g.until(afterMs(20_000), func() bool { return p.messages >= asked || p.lost != "" })
		if err != nil {
			return nil, err
		}
		if !done || p.lost != "" {
			return nil, fmt.Errorf("%d of %d messages arrived: %q", p.messages, asked, p.lost)
		}
	}
	return answer{"units": p.messages, "ms": since(began)}, nil
}
