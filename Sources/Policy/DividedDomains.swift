/// Domains that are no public suffix themselves but have some below them, at any depth: whoever gets
/// `evil.s3.amazonaws.com` is below `amazonaws.com`.
///
/// libpsl can be asked about a name, but not for all names below one. So the topmost of these domains
/// are kept here, from the list of August 2026 and that of February 2023; a test compares them with
/// the list of the machine it runs on.
enum DividedDomains {
  static let names = Set(
    """
    addr.tools akershus.no amazonaws.com amazonaws.com.cn amazoncognito.com
    amazonwebservices.com.cn amazonwebservices.eu amune.org aseinet.ne.jp atlassian-dev.net
    axarnet.cloud banzaicloud.io beebyte.io beebyteapp.io bigv.io brendly.ba brendly.hr brendly.rs
    bubble.io buskerud.no bytemark.co.uk canva.site canvasite.cn cdn77-secure.org cdn77.net
    cdn77.org cldmail.ru clever-cloud.com cloudflareanycast.net cloudflarecn.net
    cloudflareglobal.net cloudlets.com.au cloudplatform.fi cloudscale.ch code.com contentproxy9.cz
    cosidns.de crm.dev dappnode.io datacenter.fi datadetect.com dnstrace.pro dogado.eu elastx.net
    emergentagent.com emf.camp encoway.cloud enscaled.us evennode.com evervault.app evervault.dev
    fastly.net fbsbx.com fedoraproject.org flow.ch forgerock.io funkfeuer.at hedmark.no her.name
    his.name hooc.me hordaland.no hosted-by-previder.com hosteur.com hrsn.net hs-heilbronn.de
    ik-server.com interhostsolutions.be jelastic.cloud jelastic.com jelastic.vps-host.net
    jenv-aruba.cloud joyent.com k2.cloud kazteleport.kz kuleuven.be lair.io layershift.co.uk
    linode.com linodeusercontent.com lmpm.com localcert.dev massivegrid.com massivegrid.net
    metacentrum.cz more-og-romsdal.no muni.cz mynetname.net mythic-beasts.com nabu.casa neen.it
    nftstorage.link noc.ruhr-uni-bochum.de nodeart.io nordland.no nospamproxy.com objectstorage.ch
    observableusercontent.com on.aws onstackit.cloud ortsinfo.at ostfold.no ovh.net paba.se
    party.eus platform.sh ply.gg prgmr.com project-study.com quickconnect.cn quickconnect.to
    railway.app rb-hosting.io rdpa.co reclaim.cloud regruhosting.ru render.com repost.aws
    resinstaging.io retrosnub.co.uk rit.edu sagemaker.aws sagemaker.com.cn sakurastorage.jp
    salesforce.com saveincloud.net scaleforce.com.cy scaleforce.net scrypted.io scw.cloud spawn.cc
    speedpartner.de srcf.net stdlib.com storacha.link storage.dev storageapi.dev tailscale.net
    tawk.email tawkto.email tb-hosting.com teckids.org telemark.no thingdust.io tim.it transip.me
    trendhosting.cloud tsukaeru.net typeform.com unispace.io usgovcloudapi.net vbrplsbx.io
    vestfold.no virtualcloud.com.br w3s.link wafaicloud.com webaccel.jp wiardweb.com windows.net
    xn--mre-og-romsdal-qqb.no xn--stfold-9xa.no
    """.split(whereSeparator: \.isWhitespace).map(String.init))
}
