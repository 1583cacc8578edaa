// A chat: what is said in a room is heard by all others in it.
package main

import (
	"context"
	"log"
	"net/http"
	"os"
	"sync"

	"github.com/coder/websocket"
)

type hub struct {
	mutex sync.Mutex
	rooms map[string]map[*websocket.Conn]bool
}

func (h *hub) members(room string) []*websocket.Conn {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	members := make([]*websocket.Conn, 0, len(h.rooms[room]))
	for member := range h.rooms[room] {
		members = append(members, member)
	}
	return members
}

func (h *hub) enter(room string, member *websocket.Conn) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	if h.rooms[room] == nil {
		h.rooms[room] = map[*websocket.Conn]bool{}
	}
	h.rooms[room][member] = true
}

func (h *hub) leave(room string, member *websocket.Conn) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	delete(h.rooms[room], member)
	if len(h.rooms[room]) == 0 {
		delete(h.rooms, room)
	}
}

func (h *hub) serve(w http.ResponseWriter, r *http.Request) {
	member, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer member.CloseNow()
	room := r.PathValue("room")
	h.enter(room, member)
	defer h.leave(room, member)
	for {
		kind, text, err := member.Read(r.Context())
		if err != nil {
			return
		}
		for _, other := range h.members(room) {
			if other != member {
				_ = other.Write(context.Background(), kind, text)
			}
		}
	}
}

func main() {
	h := &hub{rooms: map[string]map[*websocket.Conn]bool{}}
	http.HandleFunc("GET /rooms/{room}", h.serve)
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil))
}
