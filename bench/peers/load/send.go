package main

import (
	"bytes"
	"errors"
	"time"
)

const batch = 64 << 10

// sink counts what the node says it has got.
type sink struct {
	steps int
	last  time.Time
	lost  string
}

func (s *sink) opened(*client) {}

func (s *sink) message(*client) {
	s.steps++
	s.last = time.Now()
}

func (s *sink) closed(_ *client, why string) { s.lost = why }

// sendFast lets one connection send as fast as it is taken from it.
func (g *generator) sendFast(c command) (answer, error) {
	s := &sink{}
	clients, err := g.observe(c.Group, s)
	if err != nil {
		return nil, err
	}
	frame := clientFrame(opBinary, c.Bytes)
	many := bytes.Repeat(frame, max(1, batch/len(frame)))
	sender := clients[0]
	began := time.Now()
	deadline := afterMs(c.Ms)
	for s.lost == "" && time.Now().Before(deadline) {
		wait := time.Duration(0)
		if len(sender.unsent) == 0 {
			sender.send(many)
		} else {
			wait = time.Until(deadline)
		}
		if err := g.wait(wait); err != nil {
			return nil, err
		}
	}
	if s.lost != "" {
		return nil, errors.New(s.lost)
	}
	// What is under way counts too, and must not fall into the next measurement.
	before := -1
	_, err = g.until(afterMs(5000), func() bool { return len(sender.unsent) == 0 })
	for err == nil && before != s.steps {
		before = s.steps
		_, err = g.until(afterMs(50), never)
	}
	return answer{"units": s.steps * sinkStep / c.Bytes, "ms": float64(s.last.Sub(began).Microseconds()) / 1000}, err
}
