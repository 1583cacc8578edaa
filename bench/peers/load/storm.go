package main

import (
	"fmt"
	"time"
)

// storm has so many clients that connect, are upgraded, leave and come again.
type storm struct {
	g        *generator
	c        command
	going    bool
	next     int
	pending  int
	connects int
	failures int
	err      error
}

func (g *generator) storm(c command) (answer, error) {
	s := &storm{g: g, c: c, going: true}
	began := time.Now()
	for s.pending < c.Count && s.err == nil {
		s.dial()
	}
	if _, err := g.until(afterMs(c.Ms), func() bool { return s.err != nil }); err != nil {
		return nil, err
	}
	s.going = false
	_, err := g.until(afterMs(5000), func() bool { return s.pending == 0 })
	if err == nil {
		err = s.err
	}
	return answer{"units": s.connects, "failures": s.failures, "ms": since(began)}, err
}

func (s *storm) dial() {
	s.next++
	s.pending++
	if _, s.err = s.g.dial(s.c.Port, fmt.Sprintf("%s%d", s.c.Path, s.next), s); s.err != nil {
		s.pending--
	}
}

func (s *storm) opened(c *client) {
	s.connects++
	c.end()
	s.over()
}

func (s *storm) message(*client) {}

func (s *storm) closed(*client, string) {
	s.failures++
	s.over()
}

func (s *storm) over() {
	s.pending--
	if s.going && s.err == nil {
		s.dial()
	}
}
