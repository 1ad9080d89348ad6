// SPDX-License-Identifier: MIT
//! lettre.  Modes: default, a transport for each mail; best, one transport with its pool, a thread for each mail in flight.
use lettre::address::Envelope;
use lettre::message::{header::ContentType, Attachment, Message, MultiPart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::PoolConfig;
use lettre::{SmtpTransport, Transport};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

type Fault = Box<dyn std::error::Error + Send + Sync>;

struct Job {
    raw: Option<Vec<u8>>,
    text: String,
    html: String,
    pdf: Option<Vec<u8>>,
    file: Option<std::path::PathBuf>,
    envelope: Envelope,
}

fn word(name: &str) -> Result<String, Fault> {
    std::env::var(format!("BENCH_{name}")).map_err(|_| format!("no BENCH_{name}").into())
}

impl Job {
    fn read() -> Result<Job, Fault> {
        let folder = word("DIR")?;
        Ok(Job {
            raw: if word("WORK")? == "raw" { Some(std::fs::read(format!("{folder}/order.eml"))?) } else { None },
            text: std::fs::read_to_string(format!("{folder}/order.txt"))?,
            html: std::fs::read_to_string(format!("{folder}/order.html"))?,
            pdf: std::fs::read(format!("{folder}/order.pdf")).ok(),
            file: Some(format!("{folder}/order.zip").into()).filter(|path: &std::path::PathBuf| path.exists()),
            envelope: Envelope::new(Some("shop@example.com".parse()?), vec!["zoe@example.net".parse()?])?,
        })
    }

    fn compose(&self, number: usize) -> Result<Message, Fault> {
        let number = number.to_string();
        let head = Message::builder()
            .from("Shop <shop@example.com>".parse()?)
            .to("Zoë <zoe@example.net>".parse()?)
            .subject(format!("Order {number}: thank you, Zoë"));
        let parts = MultiPart::alternative_plain_html(
            self.text.replace("@NUMBER@", &number),
            self.html.replace("@NUMBER@", &number),
        );
        let attached = match (&self.pdf, &self.file) {
            (Some(pdf), _) => Attachment::new("invoice.pdf".into()).body(pdf.clone(), ContentType::parse("application/pdf")?),
            (_, Some(file)) => {
                Attachment::new("catalogue.zip".into()).body(std::fs::read(file)?, ContentType::parse("application/zip")?)
            }
            _ => return Ok(head.multipart(parts)?),
        };
        Ok(head.multipart(MultiPart::mixed().multipart(parts).singlepart(attached))?)
    }

    fn send(&self, transport: &SmtpTransport, number: usize) -> Result<(), Fault> {
        match &self.raw {
            Some(raw) => transport.send_raw(&self.envelope, raw)?,
            None => transport.send(&self.compose(number)?)?,
        };
        Ok(())
    }
}

fn transport(depth: usize) -> Result<SmtpTransport, Fault> {
    let host = word("HOST")?;
    let parameters = || -> Result<TlsParameters, Fault> {
        let certificate = Certificate::from_pem(&std::fs::read(word("CA")?)?)?;
        Ok(TlsParameters::builder(host.clone()).add_root_certificate(certificate).build()?)
    };
    let tls = match word("TLS")?.as_str() {
        "implicit" => Tls::Wrapper(parameters()?),
        "starttls" => Tls::Required(parameters()?),
        _ => Tls::None,
    };
    let mut builder = SmtpTransport::builder_dangerous(&host)
        .port(word("PORT")?.parse()?)
        .tls(tls)
        .pool_config(PoolConfig::new().max_size(depth as u32));
    if word("LOGIN")? == "1" {
        builder = builder.credentials(Credentials::new("shop@example.com".into(), "s3cret".into()));
    }
    Ok(builder.build())
}

fn main() -> Result<(), Fault> {
    let job = Job::read()?;
    let (mails, depth): (usize, usize) = (word("MAILS")?.parse()?, word("DEPTH")?.parse()?);
    let kept = if word("MODE")? == "best" { Some(transport(depth)?) } else { None };
    let next = AtomicUsize::new(0);
    let lane = || -> Result<Vec<u128>, Fault> {
        let mut spent = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= mails {
                return Ok(spent);
            }
            let before = Instant::now();
            match &kept {
                Some(transport) => job.send(transport, number)?,
                None => job.send(&transport(1)?, number)?,
            }
            spent.push(before.elapsed().as_micros());
        }
    };
    let begin = Instant::now();
    let spent = if depth == 1 {
        lane()?
    } else {
        std::thread::scope(|scope| -> Result<Vec<u128>, Fault> {
            let lanes: Vec<_> = (0..depth).map(|_| scope.spawn(&lane)).collect();
            for lane in lanes {
                lane.join().map_err(|_| "a thread panicked")??;
            }
            Ok(Vec::new())
        })?
    };
    let wall = begin.elapsed().as_micros();
    let status = std::fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    println!("{{\"wall_us\": {wall}, \"us\": {spent:?}, \"peak_kib\": {}}}", peak.trim().trim_end_matches(" kB"));
    Ok(())
}
