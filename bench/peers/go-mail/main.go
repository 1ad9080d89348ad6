// SPDX-License-Identifier: MIT

// go-mail.  Modes: default, DialAndSend for each mail; best, a kept connection for each mail in flight.
package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"
)

const sender, recipient = "shop@example.com", "zoe@example.net"

var text, html, raw, pdf = read("order.txt"), read("order.html"), read("order.eml"), read("order.pdf")

var file = word("DIR") + "/order.zip" // too large to be read before it is sent

func word(name string) string {
	return os.Getenv("BENCH_" + name)
}

func number(name string) int {
	value, err := strconv.Atoi(word(name))
	check(err)
	return value
}

// nil when the job has no such file
func read(name string) []byte {
	content, _ := os.ReadFile(word("DIR") + "/" + name)
	return content
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(70)
	}
}

func dialer() *mail.Client {
	options := []mail.Option{mail.WithPort(number("PORT")), mail.WithTLSPolicy(mail.NoTLS)}
	if word("TLS") != "none" {
		authority, err := os.ReadFile(word("CA"))
		check(err)
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(authority)
		options = append(options, mail.WithTLSConfig(&tls.Config{RootCAs: roots, ServerName: word("HOST")}))
	}
	if word("TLS") == "implicit" {
		options = append(options, mail.WithSSL())
	} else if word("TLS") == "starttls" {
		options = append(options, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	if word("LOGIN") == "1" {
		options = append(options, mail.WithSMTPAuth(mail.SMTPAuthPlain), mail.WithUsername(sender), mail.WithPassword("s3cret"))
	}
	client, err := mail.NewClient(word("HOST"), options...)
	check(err)
	return client
}

func compose(order int) *mail.Msg {
	fill := strings.NewReplacer("@NUMBER@", strconv.Itoa(order))
	message := mail.NewMsg()
	check(message.FromFormat("Shop", sender))
	check(message.AddToFormat("Zoë", recipient))
	message.Subject(fmt.Sprintf("Order %d: thank you, Zoë", order))
	message.SetBodyString(mail.TypeTextPlain, fill.Replace(string(text)))
	message.AddAlternativeString(mail.TypeTextHTML, fill.Replace(string(html)))
	if pdf != nil {
		check(message.AttachReader("invoice.pdf", bytes.NewReader(pdf), mail.WithFileContentType("application/pdf")))
	}
	if _, err := os.Stat(file); err == nil {
		message.AttachFile(file, mail.WithFileName("catalogue.zip"), mail.WithFileContentType("application/zip"))
	}
	return message
}

// What go-mail does with a message once it has composed it.
func sendRaw(connection *smtp.Client) {
	check(connection.Mail("<" + sender + ">"))
	check(connection.Rcpt("<" + recipient + ">"))
	body, err := connection.Data()
	check(err)
	_, err = body.Write(raw)
	check(err)
	check(body.Close())
}

// What a lane keeps from one mail to the next: nothing in the default mode.
type lane struct {
	client     *mail.Client
	connection *smtp.Client
}

func (l *lane) send(order int) {
	if l.client == nil {
		l.client = dialer()
	}
	var err error
	if word("MODE") == "default" && word("WORK") != "raw" {
		check(l.client.DialAndSend(compose(order)))
		l.client = nil
		return
	}
	if l.connection == nil {
		l.connection, err = l.client.DialToSMTPClientWithContext(context.Background())
		check(err)
	}
	if word("WORK") == "raw" {
		sendRaw(l.connection)
	} else {
		check(l.client.SendWithSMTPClient(l.connection, compose(order)))
	}
	if word("MODE") == "default" {
		l.close()
	}
}

func (l *lane) close() {
	if l.connection != nil {
		check(l.client.CloseWithSMTPClient(l.connection))
	}
	l.client, l.connection = nil, nil
}

func main() {
	mails, depth := int64(number("MAILS")), number("DEPTH")
	spent := make([]int64, 0, mails)
	var next atomic.Int64
	var all sync.WaitGroup
	begin := time.Now()
	for range depth {
		all.Add(1)
		go func() {
			defer all.Done()
			var l lane
			for order := next.Add(1) - 1; order < mails; order = next.Add(1) - 1 {
				before := time.Now()
				l.send(int(order))
				if depth == 1 {
					spent = append(spent, time.Since(before).Microseconds())
				}
			}
			l.close()
		}()
	}
	all.Wait()
	wall := time.Since(begin).Microseconds()
	status, err := os.ReadFile("/proc/self/status")
	check(err)
	peak, _ := strconv.Atoi(strings.Fields(strings.SplitAfter(string(status), "VmHWM:")[1])[0])
	check(json.NewEncoder(os.Stdout).Encode(map[string]any{"wall_us": wall, "us": spent, "peak_kib": peak}))
}
