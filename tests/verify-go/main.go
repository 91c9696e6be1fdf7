// Verifies a Retrace log with the implementation of transparency logs that Go checks its modules
// with (golang.org/x/mod/sumdb), which knows nothing of Retrace:
//
//	verify-go live URL TOKEN KEY-FILE OLD-CHECKPOINT-FILE
//	verify-go offline KEY-FILE EVENT-FILE TLOG-PROOF-FILE
//
// live opens the signed checkpoint of a running server, reads its tiles, fetches some events and
// checks that they are in the tree, and that the tree of the old checkpoint is its beginning.
// offline checks one exported event by its proof. Each says what held; the first thing that does
// not ends the program with status 1.
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const tileHeight = 8

func main() {
	var err error
	switch args := os.Args[1:]; {
	case len(args) == 5 && args[0] == "live":
		err = live(args[1], args[2], args[3], args[4])
	case len(args) == 4 && args[0] == "offline":
		err = offline(args[1], args[2], args[3])
	default:
		err = errors.New("expected: live URL TOKEN KEY OLD-CHECKPOINT, or offline KEY EVENT PROOF")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "NOT VERIFIED:", err)
		os.Exit(1)
	}
}

func live(url, token, keyFile, oldFile string) error {
	verifier, err := readKey(keyFile)
	if err != nil {
		return err
	}
	log := &server{url: url, token: token, client: http.Client{Timeout: 30 * time.Second}}
	signed, err := log.get("checkpoint")
	if err != nil {
		return err
	}
	tree, err := openCheckpoint(signed, verifier)
	if err != nil {
		return err
	}
	fmt.Printf("ok: the checkpoint of %d events is signed by %s\n", tree.N, verifier.Name())

	// The reader checks every tile that it reads against the root.
	hashes := tlog.TileHashReader(tree, log)
	for _, index := range []int64{0, 1, tree.N / 3, tree.N / 2, tree.N - 2, tree.N - 1} {
		entry, err := log.entry(index, tree.N)
		if err != nil {
			return err
		}
		if err := checkInclusion(tree, hashes, index, entry); err != nil {
			return err
		}
		tampered := bytes.Replace(entry, []byte(`"version":`), []byte(`"version":1`), 1)
		if checkInclusion(tree, hashes, index, tampered) == nil {
			return fmt.Errorf("event %d holds although it was changed", index)
		}
		fmt.Printf("ok: event %d is in the tree, and a changed one is not\n", index)
	}

	oldSigned, err := os.ReadFile(oldFile)
	if err != nil {
		return err
	}
	old, err := openCheckpoint(oldSigned, verifier)
	if err != nil {
		return err
	}
	proof, err := tlog.ProveTree(tree.N, old.N, hashes)
	if err != nil {
		return err
	}
	if err := tlog.CheckTree(proof, tree.N, tree.Hash, old.N, old.Hash); err != nil {
		return err
	}
	other := old.Hash
	other[0] ^= 1
	if tlog.CheckTree(proof, tree.N, tree.Hash, old.N, other) == nil {
		return errors.New("another past holds too")
	}
	fmt.Printf("ok: the tree of %d events is the beginning of that of %d\n", old.N, tree.N)
	return nil
}

func checkInclusion(tree tlog.Tree, hashes tlog.HashReader, index int64, entry []byte) error {
	proof, err := tlog.ProveRecord(tree.N, index, hashes)
	if err != nil {
		return err
	}
	return tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(entry))
}

func offline(keyFile, eventFile, proofFile string) error {
	verifier, err := readKey(keyFile)
	if err != nil {
		return err
	}
	event, err := os.ReadFile(eventFile)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(proofFile)
	if err != nil {
		return err
	}
	head, signed, found := strings.Cut(string(text), "\n\n")
	lines := strings.Split(head, "\n")
	if !found || len(lines) < 2 || lines[0] != "c2sp.org/tlog-proof@v1" {
		return errors.New("not a tlog-proof")
	}
	lines = lines[1:]
	if strings.HasPrefix(lines[0], "extra ") {
		lines = lines[1:]
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[0], "index "), 10, 64)
	if err != nil {
		return err
	}
	var proof tlog.RecordProof
	for _, line := range lines[1:] {
		hash, err := parseHash(line)
		if err != nil {
			return err
		}
		proof = append(proof, hash)
	}
	tree, err := openCheckpoint([]byte(signed), verifier)
	if err != nil {
		return err
	}
	leaf := tlog.RecordHash(bytes.TrimSuffix(event, []byte("\n")))
	if err := tlog.CheckRecord(proof, tree.N, tree.Hash, index, leaf); err != nil {
		return err
	}
	fmt.Printf("ok: the event is number %d of the %d that were signed\n", index, tree.N)
	return nil
}

func readKey(file string) (note.Verifier, error) {
	key, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return note.NewVerifier(strings.TrimSpace(string(key)))
}

func openCheckpoint(signed []byte, verifier note.Verifier) (tlog.Tree, error) {
	opened, err := note.Open(signed, note.VerifierList(verifier))
	if err != nil {
		return tlog.Tree{}, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) < 4 || lines[0] != verifier.Name() {
		return tlog.Tree{}, fmt.Errorf("not a checkpoint of %s", verifier.Name())
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, err
	}
	root, err := parseHash(lines[2])
	return tlog.Tree{N: size, Hash: root}, err
}

func parseHash(text string) (hash tlog.Hash, err error) {
	raw, err := base64.StdEncoding.DecodeString(text)
	if err == nil && copy(hash[:], raw) != len(raw) || len(raw) != len(hash) {
		err = fmt.Errorf("not a hash: %q", text)
	}
	return hash, err
}

// A server, as a tlog.TileReader.
type server struct {
	url, token string
	client     http.Client
}

func (s *server) get(path string) ([]byte, error) {
	request, err := http.NewRequest("GET", s.url+"/"+path, nil)
	if err != nil {
		return nil, err
	}
	// Hashes are for anyone.
	if strings.HasPrefix(path, "tile/entries/") {
		request.Header.Set("Authorization", "Bearer "+s.token)
	}
	response, err := s.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", path, response.Status)
	}
	return io.ReadAll(response.Body)
}

func (s *server) Height() int { return tileHeight }

func (s *server) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var data [][]byte
	for _, tile := range tiles {
		// C2SP addresses leave the height out, which is always 8.
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		bytes, err := s.get(path)
		if err != nil {
			return nil, err
		}
		data = append(data, bytes)
	}
	return data, nil
}

func (s *server) SaveTiles([]tlog.Tile, [][]byte) {}

// The event at an index, from its bundle in a tree of that size.
func (s *server) entry(index, size int64) ([]byte, error) {
	bundle := tlog.Tile{H: tileHeight, L: 0, N: index >> tileHeight, W: 1 << tileHeight}
	if width := size - bundle.N<<tileHeight; width < 1<<tileHeight {
		bundle.W = int(width)
	}
	data, err := s.get(strings.Replace(bundle.Path(), "tile/8/0/", "tile/entries/", 1))
	if err != nil {
		return nil, err
	}
	for skip := index % (1 << tileHeight); len(data) >= 2; skip-- {
		length := 2 + int(binary.BigEndian.Uint16(data))
		if length > len(data) {
			break
		}
		if skip == 0 {
			return data[2:length], nil
		}
		data = data[length:]
	}
	return nil, fmt.Errorf("the bundle of event %d ends before it", index)
}
