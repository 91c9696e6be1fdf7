import { Browsers } from '../features/access/Browsers'
import '../features/access/access.css'
import { Grants } from '../features/access/Grants'
import { RightsOf } from '../features/access/RightsOf'
import { seesSettings, useRights } from '../features/auth/use-rights'
import { RightNote } from '../features/settings/RightNote'
import { SettingsFrame } from '../features/settings/SettingsFrame'
import { ListSkeleton } from '../ui/notes'

export function AccessPage() {
  return (
    <SettingsFrame title="Access" about="Who may see and do what, since when, and who said so.">
      <Access />
    </SettingsFrame>
  )
}

function Access() {
  const rights = useRights()
  if (!rights.isKnown) return <ListSkeleton rows={4} label="Loading access" />
  if (!seesSettings(rights)) return <RightNote right="VIEW_SETTINGS" what="see who has access" />
  const seesAll = rights.everywhere.includes('VIEW_SETTINGS')
  return (
    <>
      <Grants mayManage={rights.somewhere.includes('MANAGE_ACCESS')} />
      {seesAll && <RightsOf />}
      {seesAll && <Browsers mayManage={rights.everywhere.includes('MANAGE_ACCESS')} />}
    </>
  )
}
