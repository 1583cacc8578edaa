package main

import (
	"fmt"
	"time"
)

const againAfter = 50 * time.Millisecond

// comeback waits till so many connections of a group were closed and are back: each dials again the moment it is
// closed, and 50 ms after it was refused.
type comeback struct {
	g        *generator
	back     int
	failures int
	failure  string
	first    time.Time
	again    []*client
	due      []time.Time
	clients  []*client
	err      error
}

func (g *generator) comeback(c command) (answer, error) {
	b := &comeback{g: g}
	clients, err := g.observe(c.Group, b)
	if err != nil {
		return nil, err
	}
	deadline := afterMs(c.Ms)
	for err == nil && b.err == nil && b.back < c.Count && time.Now().Before(deadline) {
		wait := 100 * time.Millisecond
		if len(b.due) > 0 {
			wait = min(wait, time.Until(b.due[0]))
		}
		err = g.wait(wait)
		for len(b.due) > 0 && !time.Now().Before(b.due[0]) {
			lost := b.again[0]
			b.again, b.due = b.again[1:], b.due[1:]
			b.dial(lost)
		}
	}
	last := time.Now()
	for _, each := range clients {
		if each.state == open {
			b.clients = append(b.clients, each)
		}
	}
	g.groups[c.Group] = b.clients
	if err == nil {
		err = b.err
	}
	if err == nil && b.back < c.Count {
		err = fmt.Errorf("%d of %d are back after %d ms: %s", b.back, c.Count, c.Ms, b.failure)
	}
	return answer{"units": b.back, "failures": b.failures, "firstAt": unixMs(b.first), "lastAt": unixMs(last)}, err
}

func unixMs(at time.Time) float64 { return float64(at.UnixMicro()) / 1000 }

func (b *comeback) dial(lost *client) {
	c, err := b.g.dial(lost.port, lost.path, b)
	if err != nil {
		b.err = err
		return
	}
	c.slot = lost.slot
}

func (b *comeback) opened(c *client) {
	if b.first.IsZero() {
		b.first = time.Now()
	}
	b.back++
	b.clients = append(b.clients, c)
}

func (b *comeback) message(*client) {}

func (b *comeback) closed(c *client, why string) {
	// One that was open may have come back before; then it has to come back again.
	for i, other := range b.clients {
		if other == c {
			b.clients = append(b.clients[:i], b.clients[i+1:]...)
			b.back--
			break
		}
	}
	if c.node != "" {
		b.dial(c)
		return
	}
	b.failures++
	b.failure = why
	b.again = append(b.again, c)
	b.due = append(b.due, time.Now().Add(againAfter))
}
